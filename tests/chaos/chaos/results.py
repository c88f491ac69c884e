"""Results as lines of JSON: a run that dies keeps what it had, and several runs make one page."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.history import Fault, Violation
from chaos.report import Line
from chaos.result import Result
from chaos.usage import Life, Usage


def note(file: Path, result: Result, usage: Sequence[Usage]) -> None:
    """Add one schedule to the file."""
    document = {
        "result": dataclasses.asdict(result),
        "usage": [dataclasses.asdict(u) for u in usage],
    }
    with file.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(document) + "\n")


def read(file: Path) -> list[Line]:
    """Every schedule of a run, in order."""
    return [_line(json.loads(text)) for text in file.read_text(encoding="utf-8").splitlines()]


def _line(document: dict[str, Any]) -> Line:
    result = document["result"]
    result |= {
        "faults": tuple(Fault(**fault) for fault in result["faults"]),
        "violations": tuple(Violation(**violation) for violation in result["violations"]),
        "lives": tuple(map(_life, result.get("lives", ()))),
    }
    return Result(**result), [Usage(**usage) for usage in document["usage"]]


def _life(document: dict[str, Any]) -> Life:
    usages = {name: Usage(**document[name]) for name in ("young", "old")}
    return Life(**document | usages)
