"""Which failures a command means, and how it goes about them: options that go together."""

from dataclasses import dataclass
from typing import Annotated

import typer

from pixelprose.cli import completion

Words = list[str] | None
Since = Annotated[
    str | None, typer.Option(help="Not older than: 2h (ago), or 2026-03-02T09:30 (UTC).")
]
Until = Annotated[str | None, typer.Option(help="Older than: as --since.")]
Services = Annotated[
    Words,
    typer.Option(help="Service that gave up; repeatable.", autocompletion=completion.services),
]
Ids = Annotated[Words, typer.Option("--id", help="As `list` prints it; repeatable.")]
Submissions = Annotated[Words, typer.Option(help="Submission id, or its first 8 digits.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """Dead letters; what is given must all fit."""

    topic: Annotated[
        Words,
        typer.Option(
            help="Topic that was read, such as images.submitted; repeatable.",
            autocompletion=completion.read_topics,
        ),
    ] = None
    service: Services = None
    reason: Annotated[
        Words,
        typer.Option(
            help="Reasons: a,b or repeated.", autocompletion=completion.dead_letter_reasons
        ),
    ] = None
    since: Since = None
    until: Until = None
    id_: Ids = None
    submission: Submissions = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejections:
    """Rejections; what is given must all fit."""

    reason: Annotated[
        Words,
        typer.Option(help="Reasons: a,b or repeated.", autocompletion=completion.rejection_reasons),
    ] = None
    service: Services = None
    since: Since = None
    until: Until = None
    id_: Ids = None
    submission: Submissions = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """How it is done."""

    limit: Annotated[int | None, typer.Option(min=1, help="The oldest so many alone.")] = None
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")
    ] = False
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False
    json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False
