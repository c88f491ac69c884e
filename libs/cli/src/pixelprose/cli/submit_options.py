"""What `pixelprose submit` was asked to do."""

from dataclasses import dataclass, field
from pathlib import Path

from pixelprose.cli.rows import Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitOptions:
    """The command line, checked.

    Attributes:
        preset: name of a preset or file; its columns and source go before the others.
        every_seconds: pause between two looks at a watched folder; None watches nothing.
        unpack_to: folder for the images of data sets with an image column.
    """

    source: str = "cli"
    preset: str | None = None
    columns: Columns = field(default_factory=Columns)
    strict: bool = False
    dry_run: bool = False
    limit: int | None = None
    bad_rows: Path | None = None
    every_seconds: float | None = None
    unpack_to: Path | None = None
    image_column: str | None = None
