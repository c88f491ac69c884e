"""How steps run: where the concurrency lives, and nowhere else."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, Self, TypeAlias, TypeVar

from pixelprose.streamkit.outcome import Outcome

I = TypeVar("I")  # noqa: E741 - input, as in every generic of this library
I_contra = TypeVar("I_contra", contravariant=True)
O = TypeVar("O")  # noqa: E741 - output
O_co = TypeVar("O_co", covariant=True)
P = TypeVar("P")  # what a log takes as an output

Step: TypeAlias = Callable[[I], Outcome[O]]
"""Decides about one record; pure but for its ports."""

AsyncStep: TypeAlias = Callable[[I], Awaitable[Outcome[O]]]
"""The same on an event loop."""

BatchStep: TypeAlias = Callable[[Sequence[I]], Sequence[Outcome[O]]]
"""Decides about several records at once: one outcome per record, in the same order."""


class Pending(Protocol[O_co]):
    """What the runner needs of a future; `concurrent.futures.Future` has it."""

    def result(self) -> Outcome[O_co]:
        """Return the outcome, or raise what the step raised."""

    def cancel(self) -> bool:
        """Give up what has not begun."""

    def add_done_callback(self, fn: Callable[[Self], object], /) -> None:
        """Call `fn` at the end, in any thread; at once if that has come."""


class Worker(Protocol[I_contra, O_co]):
    """Runs a step; the runner sees only what is pending."""

    def submit(self, record: I_contra, /) -> Pending[O_co]:
        """Begin `record`; what the step raises is raised by the result."""

    def close(self) -> None:
        """Let go of threads and resources; work in flight is abandoned."""
