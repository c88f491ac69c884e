"""`pixelprose plan`: hours, bytes, requests and money of a large job."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from pixelprose.cli.epilog import epilog
from pixelprose.cli.errors import WrongUsage
from pixelprose.cli.gpus import gpu_numbers
from pixelprose.cli.options import named_file
from pixelprose.cli.plan.figures import BY_DEFAULT, Figure, Figures, count_of, given
from pixelprose.cli.plan.reckon import reckon
from pixelprose.cli.progress import waiting

console = Console()

PLAN_EPILOG: Final = epilog(
    "pixelprose plan --urls 10M --measure pixelprose-data/pixelprose.yaml --save probe.json",
    "pixelprose plan --urls 10M --profile gpu --gpus 0-7 --probe probe.json",
    "pixelprose plan --urls 10M --assume rate.captioner=20 --assume share.fetched=0.7 --json",
    needs="a sample that went through: pixelprose submit urls.csv --source sample --limit 500",
    then="docs/how-to/own-models.md says what the figures leave out.",
)


def plan(  # noqa: PLR0913 - one per option
    urls: Annotated[str, typer.Option(help="How many, such as 250k or 10M.")],
    *,
    profile: Annotated[
        str | None, typer.Option(help="cpu, gpu, endpoint or a YAML file: what will run.")
    ] = None,
    gpus: Annotated[str | None, typer.Option(help="GPUs such as 0-7: so many captioners.")] = None,
    probe: Annotated[Path | None, typer.Option(help="A probe that was saved.")] = None,
    measure: Annotated[
        Path | None,
        typer.Option(help="Settings (YAML) of a deployment: its tables are the probe."),
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="With --measure: the rows of this --source alone.")
    ] = None,
    measured_processes: Annotated[
        int, typer.Option(min=1, help="With --measure: processes that each service had.")
    ] = 1,
    save: Annotated[Path | None, typer.Option(help="File to save the probe in.")] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A figure, over what was measured; repeatable."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The plan as JSON.")] = False,
) -> None:
    """Reckon what a large job takes from what a small one took; says what it stands on.

    Nothing is guessed: what was neither measured nor given is unknown.
    """
    from pixelprose.cli.plan.measuring import measured  # noqa: PLC0415 - loads Delta and Arrow
    from pixelprose.cli.plan.probe import read_probe  # noqa: PLC0415 - as above
    from pixelprose.cli.plan.show import plan_document, plan_view  # noqa: PLC0415 - as above

    if probe and measure:
        raise WrongUsage("--probe is one that was saved, --measure makes one: give one of them")
    found = read_probe(probe) if probe else None
    if measure:
        with waiting("Reading the tables"):
            found = measured(
                named_file(measure, option="--measure"),
                dataset=dataset,
                processes=measured_processes,
                now=datetime.now(UTC),
            )
    if save and found:
        save.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    notes: list[str] = []
    known: Figures = found.figures() if found else {}
    if found and profile:
        known, notes = _of_the_profile(known, found.captioner, profile)
    figures = {**BY_DEFAULT, **known, **_gpus(gpus), **given(assume or ())}
    made = reckon(count_of(urls), figures)
    if as_json:
        typer.echo(json.dumps(plan_document(made, figures, found, notes), indent=2))
    else:
        console.print(plan_view(made, figures, found, notes))


def _gpus(text: str | None) -> Figures:
    return {"processes.captioner": Figure(len(gpu_numbers(text)), "given")} if text else {}


def _of_the_profile(
    figures: Figures, captioner: str | None, profile: str
) -> tuple[Figures, list[str]]:
    """Return the figures without those of another captioner than the profile's, and why."""
    from pixelprose.cli.models.profile import load_profile  # noqa: PLC0415 - takes a second

    model = load_profile(profile).models.get("captioner")
    if model is None or captioner in {None, model.source}:
        return figures, []
    kept = {name: one for name, one in figures.items() if name not in _OF_THE_CAPTIONER}
    note = (
        f"The probe's captioner is {captioner}, not {model.source} of profile {profile}: its rate "
        "and its share of kept captions are left out. Measure with the profile."
    )
    return kept, [note]


_OF_THE_CAPTIONER: Final = frozenset({"rate.captioner", "share.captioned", "bytes.caption_row"})
