"""How far a file was submitted, so that an interrupted run goes on where it was."""

import json
from pathlib import Path


class ProgressFile:
    """The number of rows of one file that one cluster has accepted, kept between runs.

    Losing it costs time alone: rows that are submitted again are recognised by their ids.
    """

    def __init__(self, folder: Path, *, identity: str, cluster: str) -> None:
        self._path = folder / f"{cluster}-{identity[:32]}.json"

    def rows(self) -> int:
        """Return how many rows are done."""
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["rows"])
        except (OSError, ValueError, KeyError):
            return 0

    def write(self, rows: int) -> None:
        """Note that this many rows are done."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps({"rows": rows}), encoding="utf-8")
        draft.replace(self._path)
