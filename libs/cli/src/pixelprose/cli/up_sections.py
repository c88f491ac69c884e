"""What `pixelprose up` is asked to run, and the sections of all services that this makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from pixelprose.cli.demo_config import Sections, write_known_hashes
from pixelprose.cli.demo_config import sections as demo_sections
from pixelprose.cli.errors import WrongUsage
from pixelprose.cli.local import Replica, on_gpus, one_of_each
from pixelprose.cli.models.places import profile_sections
from pixelprose.cli.models.profile import Profile, load_profile
from pixelprose.cli.models.shelf import Shelf
from pixelprose.cli.options import named_file
from pixelprose.cli.scenario import known_seeds


@dataclass(frozen=True, slots=True)
class UpOptions:
    """Where the data lies, and what runs: the demo's models, or a profile's.

    Attributes:
        gpus: one captioner for each; empty: one captioner.
        known_hashes: lists of known hashes; `demo` stands for the demo's, which protects nobody.
    """

    data: Path
    config: Path | None = None
    profile: str | None = None
    gpus: Sequence[int] = ()
    known_hashes: Sequence[str] = ()

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The processes to start."""
        return on_gpus(self.gpus) if self.gpus else one_of_each()

    @property
    def demo_hashes(self) -> Path:
        """Where the demo's list of known hashes lies."""
        return self.data / "known-hashes.csv"

    @property
    def hash_names(self) -> Sequence[str]:
        """The lists of known hashes as they were named; without a profile it is the demo's."""
        return self.known_hashes or (() if self.profile else ("demo",))

    @property
    def hash_lists(self) -> list[Path]:
        """Where the lists of known hashes are."""
        return [self.demo_hashes if name == "demo" else Path(name) for name in self.hash_names]


def sections_of(options: UpOptions) -> Sections:
    """Return the sections of all services: the profile's or the demo's, the file's over them.

    Raises:
        WrongUsage: no such profile, list or file, or none that can be used.
        CommandError: a model of the profile is not on this machine.
    """
    profile = load_profile(options.profile) if options.profile else None
    _check_hashes(options)
    made = _made(options, profile)
    return section_overrides(made, options.config) if options.config else made


def write_demo_hashes(options: UpOptions) -> None:
    """Write the demo's list of known hashes, if it is one of those asked for."""
    if "demo" in options.hash_names:
        write_known_hashes(options.demo_hashes, known_seeds(known=3, seed=1))


def _made(options: UpOptions, profile: Profile | None) -> Sections:
    if profile is None:
        return demo_sections(options.demo_hashes)
    return profile_sections(profile, Shelf.of_this_machine(), known_hashes=options.hash_lists)


def _check_hashes(options: UpOptions) -> None:
    if options.profile is None and options.known_hashes:
        raise WrongUsage("--known-hashes goes with --profile: the demo has its own list")
    if not options.hash_names:
        raise WrongUsage(
            "no list of known hashes: give --known-hashes FILE (its form is in the safety-filter's "
            "README), or `--known-hashes demo` to try without one: that list protects nobody"
        )
    named = [name for name in options.hash_names if name != "demo"]
    if absent := [name for name in named if not Path(name).is_file()]:
        raise WrongUsage(f"no list of known hashes at {', '.join(absent)}")


def section_overrides(defaults: Sections, config: Path) -> Sections:
    """Return the sections of services with the file's settings put over them.

    Raises:
        WrongUsage: the file has a section that is no service's.
    """
    named_file(config, option="--config")
    given: Sections = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    if unknown := sorted(set(given) - set(defaults)):
        raise WrongUsage(f"{config}: `up` sets {unknown} itself; give sections of services alone")
    return {name: {**section, **given.get(name, {})} for name, section in defaults.items()}
