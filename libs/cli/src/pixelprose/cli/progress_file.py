"""How far a file was submitted, so that an interrupted run goes on where it was."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Done:
    """Rows of a file that were looked at; so many of them were bad, and not submitted."""

    rows: int = 0
    bad: int = 0


class ProgressFile:
    """The number of rows of one file that are dealt with on one cluster, kept between runs.

    Losing it costs time alone: rows that are submitted again are recognised by their ids.
    """

    def __init__(self, folder: Path, *, identity: str, cluster: str) -> None:
        self._path = folder / f"{cluster}-{identity[:32]}.json"

    def read(self) -> Done:
        """Return how many rows are done."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return Done(int(found["rows"]), int(found.get("bad", 0)))
        except (OSError, ValueError, KeyError):
            return Done()

    def write(self, done: Done) -> None:
        """Note that this many rows are done."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(done)), encoding="utf-8")
        draft.replace(self._path)
