"""A run: one stack, schedule after schedule, and what the long-lived processes hold."""

import shutil
from collections.abc import Iterator

import psutil
from rich.console import Console

from chaos.report import Usage, keep, print_page, schedule_line
from chaos.results import note
from chaos.schedule import Result, run_schedule
from chaos.settings import Run, stack_settings
from pixelprose.embedded import Stack
from pixelprose.streamkit import ExitCode

_SHOWN = 20


def run_all(run: Run, console: Console) -> list[Result]:
    """Run every schedule and print as it goes; the stack is started once."""
    results: list[Result] = []
    usages: list[list[Usage]] = []
    with Stack(stack_settings(run.folder / "stack")) as stack:
        for number in range(run.schedules):
            seed = run.seed + number
            folder = run.folder / f"seed-{seed}"
            shutil.rmtree(folder, ignore_errors=True)
            result = run_schedule(run, stack, seed=seed, folder=folder)
            results.append(result)
            usages.append(list(_usage(stack)))
            note(run.folder / "results.jsonl", result, usages[-1])
            line = schedule_line(result, usages[-1], number=number + 1, of=run.schedules)
            console.print(line, markup=False, highlight=False, soft_wrap=True)
            for violation in result.violations[:_SHOWN]:
                said = f"  {violation.kind}: {violation.detail}"
                console.print(said, markup=False, highlight=False, soft_wrap=True)
            if result.violations or _hung(result):
                keep(result, folder)
                console.print(
                    f"  its logs are in {folder}; again: make chaos SEED={seed} SCHEDULES=1 "
                    f"MODELS={run.models}",
                    soft_wrap=True,
                )
            else:
                shutil.rmtree(folder, ignore_errors=True)
    print_page(console, run.models, results, usages)
    return results


def _hung(result: Result) -> bool:
    """Whether a watchdog ended a process: its log has the stacks of all threads."""
    return any(exit_.endswith(f":{int(ExitCode.HUNG)}") for exit_ in result.exits)


def _usage(stack: Stack) -> Iterator[Usage]:
    pids = {
        "kafka": stack.kafka.process.pid,
        "s3": stack.s3.process.pid,
        "chaos": psutil.Process().pid,
    }
    for name, pid in pids.items():
        process = psutil.Process(pid)
        yield Usage(name, process.memory_info().rss, process.num_fds())
