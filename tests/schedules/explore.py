"""Run many schedules of a machine, counted, from a seed; or one again that failed."""

import sys
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, __version__, reproduce_failure, seed, settings
from hypothesis.errors import DidNotReproduce
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from tests.schedules.reproducer import Reproducer

STEPS = 25
"""Steps of one schedule."""


@dataclass(frozen=True)
class Explored:
    """How many schedules ran; after how many the first failed, and with what."""

    machine: type[RuleBasedStateMachine]
    schedules: int
    failed_after: int = 0
    error: Exception | None = None

    def told(self, name: str, *, again: str) -> str:
        """Return the shortest failing schedule for people; `again` finds it anew."""
        if self.error is None:
            return f"{self.schedules} of {name}, none failed"
        return (
            f"schedule {self.failed_after} of {name} failed; its shortest form:\n\n"
            f"{Reproducer.of(self.error, self.machine).told(name)}\nall of them again:   {again}"
        )


def explore(
    machine: type[RuleBasedStateMachine], *, schedules: int, start: int, shrink: bool = True
) -> Explored:
    """Run `schedules` of `machine`, beginning from the seed `start`; stop at the first failure."""
    ran = failed = 0

    class Counted(machine):  # type: ignore[misc, valid-type]
        def __init__(self) -> None:
            nonlocal ran
            ran += 1
            super().__init__()

        def teardown(self) -> None:
            nonlocal failed
            under_way = isinstance(sys.exc_info()[1], Exception)
            try:
                super().teardown()
            except Exception:
                failed = failed or ran
                if not under_way:  # else the first failure is the one to tell
                    raise
            if under_way:
                failed = failed or ran

    Counted.__name__ = machine.__name__
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    error = _run(seed(start)(Counted), schedules=schedules, phases=phases)
    return Explored(machine, failed or ran, failed, error)


def again(machine: type[RuleBasedStateMachine], *, blob: str) -> Reproducer:
    """Run the one schedule of `machine` that a blob stands for, and return how it fails.

    Raises:
        DidNotReproduce: it does not fail, or can't be run any more.
    """
    one = type(machine.__name__, (machine,), {})
    error = _run(reproduce_failure(__version__, blob.encode())(one), schedules=1, phases=())
    if error is None or isinstance(error, DidNotReproduce):
        raise error or DidNotReproduce("it came to its end")
    return Reproducer.of(error, machine, blob=blob)


def _run(
    machine: type[RuleBasedStateMachine], *, schedules: int, phases: tuple[Phase, ...]
) -> Exception | None:
    """Return what the first schedule that failed ended with, with its steps noted on it."""
    how = settings(
        max_examples=schedules,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    lines: list[object] = []
    with with_reporter(lines.append):
        try:
            run_state_machine_as_test(machine, settings=how)
        except Exception as error:  # noqa: BLE001 - whatever a schedule ends with is what it found
            # A schedule run again from its blob is told as it goes, any other noted at its end.
            for line in lines:
                error.add_note(str(line))
            return error
    return None
