"""`pixelprose up`: everything on this machine, until Ctrl-C."""

import re
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import yaml
from rich.console import Console, Group
from rich.live import Live

from pixelprose.cli.demo_config import Sections, write_known_hashes
from pixelprose.cli.demo_config import sections as demo_sections
from pixelprose.cli.errors import CommandError
from pixelprose.cli.live import counts_table
from pixelprose.cli.local import (
    LocalConfig,
    LocalServices,
    Replica,
    initialise_locally,
    on_gpus,
    one_of_each,
    partitions_for,
)
from pixelprose.cli.models.places import profile_sections
from pixelprose.cli.models.profile import load_profile
from pixelprose.cli.models.shelf import Shelf
from pixelprose.cli.progress import fetch_jars
from pixelprose.cli.scenario import known_seeds
from pixelprose.cli.supervisor import Supervisor
from pixelprose.embedded import Stack, StackSettings, open_jars
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records.topic_admin import TopicsRefused

_READY_SECONDS = 180.0
_PROFILE_READY_SECONDS = 1_800.0
"""vLLM compiles for minutes, and a large model is read for as long."""
_TICK_SECONDS = 0.5


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


def run_up(options: UpOptions, console: Console) -> None:
    """Start the stack and all services, show their counts, and stop them in order.

    Raises:
        CommandError: a model or a list of known hashes is missing; nothing was started.
        EmbeddedError, ServiceFailed, NotReady: what could not start, and why.
    """
    data = options.data
    data.mkdir(parents=True, exist_ok=True)
    sections = sections_of(options)
    settings = StackSettings(data_dir=data / "data")
    jars = open_jars(settings.cache_dir)
    fetch_jars(jars, console)
    stopping = _until_asked()
    with Stack(settings, jars=jars) as stack:
        kafka = KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers)
        _initialise(kafka, options)
        written = LocalConfig(stack, data, sections)
        file = written.write()
        console.print(
            f"Kafka at {stack.kafka.bootstrap_servers}, S3 at {stack.s3.access.endpoint}; "
            f"settings in {file}."
        )
        with Supervisor() as supervisor:
            services = LocalServices(supervisor, written, options.replicas)
            services.start()
            services.wait_ready(
                seconds=_PROFILE_READY_SECONDS if options.profile else _READY_SECONDS,
                on_ready=lambda name: console.print(f"  {name} is ready"),
            )
            console.print(f"Submit with: pixelprose submit --config {file} FILE. Ctrl-C ends.")
            _show(services, stack, stopping, console)
            console.print("Stopping: work in flight is finished and committed.")


def _initialise(kafka: KafkaSettings, options: UpOptions) -> None:
    try:
        initialise_locally(kafka, partitions=partitions_for(options.replicas))
    except TopicsRefused as error:
        advice = "the number is fixed at creation: give --data a new folder, or the old --gpus"
        raise CommandError(f"{options.data}: {error}; {advice}") from error


def _show(services: LocalServices, stack: Stack, stopping: list[bool], console: Console) -> None:
    with Live(console=console, refresh_per_second=2) as live:
        while not stopping:
            stack.check()
            services.refresh()
            table = counts_table(services.counts.values(), services.supervisor.restarts())
            live.update(Group(table))
            time.sleep(_TICK_SECONDS)


def _until_asked() -> list[bool]:
    asked: list[bool] = []

    def stop(_signal: int, _frame: FrameType | None) -> None:
        asked.append(True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return asked


def sections_of(options: UpOptions) -> Sections:
    """Return the sections of all services: the profile's or the demo's, the file's over them.

    Raises:
        CommandError: the profile lacks a model here, or known hashes; or the file is wrong.
    """
    given = options.profile or options.known_hashes
    made = _profile_sections(options) if given else demo_sections(_demo_hashes(options.data))
    return section_overrides(made, options.config) if options.config else made


def _profile_sections(options: UpOptions) -> Sections:
    if options.profile is None:
        raise CommandError("--known-hashes goes with --profile: the demo has its own list")
    if not options.known_hashes:
        raise CommandError(
            "no list of known hashes: give --known-hashes FILE (its form is in the safety-filter's "
            "README), or `--known-hashes demo` to try without one: that list protects nobody"
        )
    lists = [
        _demo_hashes(options.data) if name == "demo" else Path(name)
        for name in options.known_hashes
    ]
    if absent := [str(path) for path in lists if not path.is_file()]:
        raise CommandError(f"no list of known hashes at {', '.join(absent)}")
    profile = load_profile(options.profile)
    return profile_sections(profile, Shelf.of_this_machine(), known_hashes=lists)


def _demo_hashes(data: Path) -> Path:
    return write_known_hashes(data / "known-hashes.csv", known_seeds(known=3, seed=1))


def gpu_numbers(text: str) -> tuple[int, ...]:
    """Return the GPUs that `0-3,6` names.

    Raises:
        CommandError: it names none, one twice, or is no such list.
    """
    found: list[int] = []
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", part)
        if span is None:
            raise CommandError(f"--gpus {text!r}: give numbers such as 0, 0-7 or 0,2,5")
        first, last = span.groups()
        found.extend(range(int(first), int(last or first) + 1))
    if not found or len(set(found)) < len(found):
        raise CommandError(f"--gpus {text!r}: name each GPU once")
    return tuple(found)


def section_overrides(defaults: Sections, config: Path) -> Sections:
    """Return the sections of services with the file's settings put over them.

    Raises:
        CommandError: the file has a section that is no service's.
    """
    given: Sections = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    if unknown := sorted(set(given) - set(defaults)):
        raise CommandError(f"{config}: `up` sets {unknown} itself; give sections of services alone")
    return {name: {**section, **given.get(name, {})} for name, section in defaults.items()}
