"""What a `submit` did, for people and machines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from rich.console import Console

from pixelprose.cli.errors import CommandError
from pixelprose.cli.rows import BadRow, SourceRow
from pixelprose.records.counted import counted

_SHOWN = 5


@dataclass(slots=True)
class Report:
    """Counts of one run; `strict` makes the first bad row its end."""

    strict: bool = False
    submitted: int = 0
    before: int = 0
    bad_before: int = 0
    bad: int = 0
    first_bad: list[BadRow] = field(default_factory=list)
    interrupted: bool = False
    dry_run: bool = False
    bad_file: TextIO | None = None

    def on_bad(self, row: BadRow) -> None:
        """Count a bad row and keep the first few.

        Raises:
            CommandError: the run is strict.
        """
        self.bad += 1
        if self.bad_file is not None:
            self.bad_file.write(json.dumps(asdict(row)) + "\n")
        if len(self.first_bad) < _SHOWN:
            self.first_bad.append(row)
        if self.strict:
            raise CommandError(f"{row.where}: {row.why} (--strict stops here)")

    def good(self, rows: Iterable[SourceRow | BadRow]) -> Iterator[SourceRow]:
        """Yield the rows that can be submitted; the others are counted."""
        for row in rows:
            if isinstance(row, BadRow):
                self.on_bad(row)
            else:
                yield row

    @property
    def nothing_good(self) -> bool:
        """Whether there were rows, and every one was bad."""
        return bool(self.bad) and not (self.submitted or self.before)

    @property
    def nothing(self) -> bool:
        """Whether there was neither a good row nor a bad one, nor one submitted before."""
        return not (self.submitted or self.before or self.bad)

    def show(self, console: Console) -> None:
        """Print it."""
        verb = "would be submitted" if self.dry_run else "submitted"
        left_out = f", {self.bad_before:,} left out" if self.bad_before else ""
        before = f" ({self.before:,} before{left_out})" if self.before else ""
        console.print(f"{counted(self.submitted, 'row')} {verb}{before}.", highlight=False)
        if self.bad:
            console.print(f"[yellow]{counted(self.bad, 'bad row')} left out:[/]", highlight=False)
            for row in self.first_bad:
                console.print(f"  {row.where}: {row.why}", highlight=False, markup=False)
            if self.bad > len(self.first_bad):
                console.print(f"  ... --bad-rows FILE keeps all {self.bad:,}", highlight=False)
        if self.interrupted:
            console.print("Interrupted: repeat the command to go on; no row is submitted twice.")

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(
            {
                "submitted": self.submitted,
                "before": self.before,
                "bad_before": self.bad_before,
                "bad": self.bad,
                "first_bad": [asdict(row) for row in self.first_bad],
                "interrupted": self.interrupted,
                "dry_run": self.dry_run,
            }
        )


def opened(path: Path | None) -> TextIO | None:
    """Return the file for bad rows, if one is asked for."""
    return None if path is None else path.open("w", encoding="utf-8")
