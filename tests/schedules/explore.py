"""Run many schedules of a machine, counted, from a seed."""

import sys
import traceback
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

STEPS = 25
"""Steps of one schedule."""


@dataclass(frozen=True)
class Explored:
    """How many schedules ran; after how many the first failed, and how it is made again."""

    schedules: int
    failed_after: int = 0
    error: Exception | None = None
    steps: str = ""

    def told(self, *, again: str) -> str:
        """Return the shortest failing schedule for people, and how to run it `again`."""
        where = "".join(traceback.format_exception(self.error)[-4:])
        return (
            f"schedule {self.failed_after} failed; its shortest form:\n\n{self.steps}\n"
            f"{where}\nall of it again: {again}"
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
            if isinstance(sys.exc_info()[1], Exception):
                failed = failed or ran
            try:
                super().teardown()
            except Exception:
                failed = failed or ran
                raise

    Counted.__name__ = machine.__name__
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    how = settings(
        max_examples=schedules,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        print_blob=True,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
    lines: list[str] = []

    def report(text: object) -> None:
        lines.append(str(text))

    with with_reporter(report):
        try:
            run_state_machine_as_test(seed(start)(Counted), settings=how)
        except Exception as error:  # noqa: BLE001 - whatever a schedule ends with is what it found
            return Explored(failed, failed, error, "\n".join(lines))
    return Explored(ran)
