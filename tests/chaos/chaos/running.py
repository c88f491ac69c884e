"""A run: one stack, schedule after schedule, and what the long-lived processes hold."""

import shutil
import time
from pathlib import Path
from typing import Final

from rich.console import Console

from chaos.report import Line, keep, schedule_line
from chaos.result import Result, broken_off
from chaos.results import note
from chaos.schedule import run_schedule
from chaos.settings import Run, stack_settings
from chaos.usage import of_servers
from pixelprose.embedded import EmbeddedError, Stack
from pixelprose.streamkit import ExitCode

_SHOWN: Final = 20


def run_all(run: Run, console: Console) -> list[Line]:
    """Run every schedule and print as it goes; the stack is started once.

    A schedule that can't go on is a violation, and the next is run if the stack is well.
    """
    lines: list[Line] = []
    with Stack(stack_settings(run.folder / "stack")) as stack:
        for number in range(run.schedules):
            if not _well(stack, console):
                break
            seed = run.seed + number
            folder = run.folder / f"seed-{seed}"
            shutil.rmtree(folder, ignore_errors=True)
            result = _tried(run, stack, seed=seed, folder=folder)
            lines.append((result, list(of_servers(stack))))
            note(run.folder / "results.jsonl", *lines[-1])
            _tell(run, console, lines[-1], number=number + 1)
            if result.violations or _hung(result):
                keep(result, folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
    return lines


def _tried(run: Run, stack: Stack, *, seed: int, folder: Path) -> Result:
    began = time.monotonic()
    try:
        return run_schedule(run, stack, seed=seed, folder=folder)
    except Exception as error:  # noqa: BLE001 - condemns the schedule, not the run
        return broken_off(seed, error, seconds=time.monotonic() - began)


def _well(stack: Stack, console: Console) -> bool:
    """Whether both servers run; what a schedule left dead is started again."""
    try:
        for server in (stack.kafka, stack.s3):
            if not server.process.is_alive():
                server.start()
    except (EmbeddedError, OSError) as error:
        console.print(f"the stack is gone: {error}", markup=False, highlight=False)
        return False
    return True


def _tell(run: Run, console: Console, line: Line, *, number: int) -> None:
    result, usage = line
    said = [schedule_line(result, usage, number=number, of=run.schedules)]
    said += [f"  {one.kind}: {one.detail}" for one in result.violations[:_SHOWN]]
    if result.violations or _hung(result):
        said.append(
            f"  its logs are in {run.folder / f'seed-{result.seed}'}; again: "
            f"make chaos SEED={result.seed} SCHEDULES=1 MODELS={run.models}"
        )
    for one in said:
        console.print(one, markup=False, highlight=False, soft_wrap=True)


def _hung(result: Result) -> bool:
    """Whether a watchdog ended a process: its log has the stacks of all threads."""
    return any(exit_.endswith(f":{int(ExitCode.HUNG)}") for exit_ in result.exits)
