"""Results as lines of JSON: a run that dies keeps what it had, and several runs make one page."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.history import Fault, Violation
from chaos.report import Usage
from chaos.schedule import Result

Line = tuple[Result, list[Usage]]


def note(file: Path, result: Result, usage: Sequence[Usage]) -> None:
    """Add one schedule to the file."""
    document = {
        "result": dataclasses.asdict(result),
        "usage": [dataclasses.asdict(u) for u in usage],
    }
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(document) + "\n")


def read(files: Sequence[Path]) -> list[Line]:
    """Every schedule of the files, in their order."""
    return [_line(json.loads(text)) for file in files for text in file.read_text().splitlines()]


def _line(document: dict[str, Any]) -> Line:
    result = document["result"]
    result |= {
        "faults": tuple(Fault(**fault) for fault in result["faults"]),
        "violations": tuple(Violation(**violation) for violation in result["violations"]),
    }
    return Result(**result), [Usage(**usage) for usage in document["usage"]]
