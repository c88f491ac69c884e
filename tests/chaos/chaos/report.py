"""A page for people, and one JSON object for machines."""

import dataclasses
import json
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.flat import by_process, growth, typical
from chaos.history import Fault
from chaos.recovery import MOST_SECONDS
from chaos.result import Result
from chaos.usage import Usage

Line = tuple[Result, Sequence[Usage]]
"""A schedule, and what the servers held after it."""

_MIB = 2**20


def schedule_line(result: Result, usage: Sequence[Usage], *, number: int, of: int) -> str:
    """One line while a run goes on."""
    held = ", ".join(f"{u.process} {u.memory_bytes // _MIB} MiB/{u.descriptors} fd" for u in usage)
    said = f"{len(result.violations)} VIOLATIONS" if result.violations else "good"
    changed = f"{result.urls_changed} URLs changed, held back {result.held_back} times"
    return (
        f"{number}/{of} seed {result.seed}: {said}; {result.seconds:.0f} s, "
        f"{result.submissions} submissions, {result.rows} rows, {result.rejections} rejections, "
        f"{result.put_off} put off, {changed}, "
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
    console: Console, models: str, runs: Sequence[Sequence[Line]], *, asked: int | None = None
) -> bool:
    """Print the page of some runs and, as the last line, the object.

    Tell whether every promise was kept in all schedules that there were to be.
    """
    results = [result for lines in runs for result, _ in lines]
    faults = [fault for result in results for fault in result.faults]
    table = Table(title=f"Faults survived: {len(faults)} in {len(results)} schedules")
    for column in ("fault", "times", "measured", "recovery, median s", "worst s"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    for kind, times in sorted(Counter(fault.kind for fault in faults).items()):
        recoveries = _recoveries(faults, kind)
        table.add_row(kind, str(times), str(len(recoveries)), *_told(recoveries))
    console.print(table)
    document = summary(models, runs, asked=asked)
    for one in document["growing"]:
        console.print(f"growing: {one}", markup=False, highlight=False, soft_wrap=True)
    console.print(json.dumps(document), markup=False, highlight=False, soft_wrap=True)
    return not document["violations"] and document["schedules"] == document["asked"]


def summary(
    models: str, runs: Sequence[Sequence[Line]], *, asked: int | None = None
) -> dict[str, Any]:
    """Return the object; `asked` is how many schedules there were to be."""
    results = [result for lines in runs for result, _ in lines]
    # A stack is compared with itself: each run has its own.
    growing = [
        one for lines in runs for one in growth([(result.lives, held) for result, held in lines])
    ]
    violations = Counter(v.kind for result in results for v in result.violations)
    violations += Counter(one.kind for one in growing)
    faults = [fault for result in results for fault in result.faults]
    kinds = Counter(fault.kind for fault in faults)
    exits: Counter[str] = Counter()
    for result in results:
        exits.update(result.exits)
    return {
        "seed": results[0].seed if results else None,
        "asked": asked if asked is not None else len(results),
        "schedules": len(results),
        "models": models,
        "submissions": sum(result.submissions for result in results),
        "rows": sum(result.rows for result in results),
        "rejections": sum(result.rejections for result in results),
        "put_off": sum(result.put_off for result in results),
        "held_back": sum(result.held_back for result in results),
        "urls_changed": sum(result.urls_changed for result in results),
        "web_changed_in_vain": _in_vain(results),
        "faults": dict(sorted(kinds.items())),
        "faults_in_all": len(faults),
        "recovery_seconds": {kind: _figures(_recoveries(faults, kind)) for kind in sorted(kinds)},
        "lost": violations["lost"],
        "duplicated": violations["duplicated"],
        "without_end": violations["without_end"],
        "violations": dict(sorted(violations.items())),
        "seeds_in_violation": [result.seed for result in results if result.violations],
        "growing": [one.detail for one in growing],
        "samples": sum(result.samples for result in results),
        "positions_checked": sum(result.positions_checked for result in results),
        "exits": dict(sorted(exits.items())),
        "seconds": [round(result.seconds, 1) for result in results],
        "usage_first_and_last": [
            {u.process: [u.memory_bytes // _MIB, u.descriptors] for u in _held(line)}
            for lines in runs
            for line in (*lines[:1], *lines[-1:])
        ],
    }


def _held(line: Line) -> list[Usage]:
    """What the servers held after a schedule, and what a process of each service did."""
    result, servers = line
    services = by_process(life.old for life in result.lives if life.settled)
    return [*servers, *map(typical, services.values())]


def _in_vain(results: Sequence[Result]) -> int:
    """Faults that were to find a changed web, in schedules where no URL was asked again."""
    return sum(
        fault.kind == "web_changed"
        for result in results
        if not result.urls_changed
        for fault in result.faults
    )


def _told(recoveries: Sequence[float]) -> tuple[str, str]:
    if not recoveries:
        return "-", "-"
    median, worst = (_seconds(one(recoveries)) for one in (statistics.median, max))
    return median, worst


def _seconds(recovery: float) -> str:
    return f"> {MOST_SECONDS:.0f}" if recovery >= MOST_SECONDS else f"{recovery:.1f}"


def _recoveries(faults: Sequence[Fault], kind: str) -> list[float]:
    return [f.recovery_seconds for f in faults if f.kind == kind and f.recovery_seconds is not None]


def _figures(recoveries: Sequence[float]) -> dict[str, float] | None:
    if not recoveries:
        return None
    return {
        "measured": len(recoveries),
        "median": round(statistics.median(recoveries), 2),
        "worst": round(max(recoveries), 2),
        "not_within": sum(one >= MOST_SECONDS for one in recoveries),
    }
