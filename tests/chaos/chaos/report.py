"""A page for people, and one JSON object for machines."""

import dataclasses
import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.history import Fault
from chaos.schedule import Result

_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Usage:
    """What the long-lived processes hold after a schedule."""

    process: str
    memory_bytes: int
    descriptors: int


def schedule_line(result: Result, usage: Sequence[Usage], *, number: int, of: int) -> str:
    """One line while a run goes on."""
    held = ", ".join(f"{u.process} {u.memory_bytes // _MIB} MiB/{u.descriptors} fd" for u in usage)
    said = f"{len(result.violations)} VIOLATIONS" if result.violations else "good"
    return (
        f"{number}/{of} seed {result.seed}: {said}; {result.seconds:.0f} s, "
        f"{result.submissions} submissions, {result.rows} rows, {result.rejections} rejections, "
        f"{len(result.faults)} faults, {result.positions_checked} inputs held against positions "
        f"in {result.samples} samples; {held}"
    )


def keep(result: Result, folder: Path) -> None:
    """Write down beside the logs what was done and what broke, times as in the process's clock."""
    document = json.dumps(dataclasses.asdict(result), indent=2)
    (folder / "result.json").write_text(document + "\n", encoding="utf-8")


def told(folder: Path, *, lines: int = 12) -> str:
    """Return the last that each process said, without the lines of its Kafka client."""
    said = {
        log.name: [line for line in log.read_text(encoding="utf-8").splitlines() if _ours(line)]
        for log in sorted(folder.glob("*.log"))
    }
    return "\n".join(line for name, ours in said.items() for line in (f"-- {name}", *ours[-lines:]))


def _ours(line: str) -> bool:
    return "rdkafka#" not in line


def print_page(
    console: Console, models: str, results: Sequence[Result], usage: Sequence[Sequence[Usage]]
) -> None:
    """Print the page and, as the last line, the object."""
    faults = [fault for result in results for fault in result.faults]
    table = Table(title=f"Faults survived: {len(faults)} in {len(results)} schedules")
    for column in ("fault", "times", "measured", "recovery, median s", "worst s"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    for kind, times in sorted(Counter(fault.kind for fault in faults).items()):
        recoveries = _recoveries(faults, kind)
        median = f"{statistics.median(recoveries):.1f}" if recoveries else "-"
        worst = f"{max(recoveries):.1f}" if recoveries else "-"
        table.add_row(kind, str(times), str(len(recoveries)), median, worst)
    console.print(table)
    document = summary(models, results, usage)
    console.print(json.dumps(document), markup=False, highlight=False, soft_wrap=True)


def summary(
    models: str, results: Sequence[Result], usage: Sequence[Sequence[Usage]]
) -> dict[str, Any]:
    """Return the object."""
    violations = Counter(v.kind for result in results for v in result.violations)
    faults = [fault for result in results for fault in result.faults]
    kinds = Counter(fault.kind for fault in faults)
    exits: Counter[str] = Counter()
    for result in results:
        exits.update(result.exits)
    return {
        "seed": results[0].seed if results else None,
        "schedules": len(results),
        "models": models,
        "submissions": sum(result.submissions for result in results),
        "rows": sum(result.rows for result in results),
        "rejections": sum(result.rejections for result in results),
        "faults": dict(sorted(kinds.items())),
        "faults_in_all": len(faults),
        "recovery_seconds": {kind: _figures(_recoveries(faults, kind)) for kind in sorted(kinds)},
        "lost": violations["lost"],
        "duplicated": violations["duplicated"],
        "without_end": violations["without_end"],
        "violations": dict(sorted(violations.items())),
        "seeds_in_violation": [result.seed for result in results if result.violations],
        "samples": sum(result.samples for result in results),
        "positions_checked": sum(result.positions_checked for result in results),
        "exits": dict(sorted(exits.items())),
        "seconds": [round(result.seconds, 1) for result in results],
        "usage_first_and_last": [
            {u.process: [u.memory_bytes // _MIB, u.descriptors] for u in held}
            for held in ((usage[0], usage[-1]) if usage else ())
        ],
    }


def _recoveries(faults: Sequence[Fault], kind: str) -> list[float]:
    return [f.recovery_seconds for f in faults if f.kind == kind and f.recovery_seconds is not None]


def _figures(recoveries: Sequence[float]) -> dict[str, float] | None:
    if not recoveries:
        return None
    return {
        "measured": len(recoveries),
        "median": round(statistics.median(recoveries), 2),
        "worst": round(max(recoveries), 2),
    }
