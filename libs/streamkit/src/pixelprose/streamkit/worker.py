"""How steps run: where the concurrency lives, and nowhere else."""

from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from typing import Protocol, TypeAlias, TypeVar

from pixelprose.streamkit.outcome import Outcome

I = TypeVar("I")  # noqa: E741 - input, as in every generic of this library
I_contra = TypeVar("I_contra", contravariant=True)
O = TypeVar("O")  # noqa: E741 - output

Step: TypeAlias = Callable[[I], Outcome[O]]
"""Decides about one record; pure but for its ports."""

AsyncStep: TypeAlias = Callable[[I], Awaitable[Outcome[O]]]
"""The same on an event loop."""

BatchStep: TypeAlias = Callable[[Sequence[I]], Sequence[Outcome[O]]]
"""Decides about several records at once: one outcome per record, in the same order."""


class Worker(Protocol[I_contra, O]):
    """Runs a step; the runner sees only futures."""

    def submit(self, record: I_contra, /) -> Future[Outcome[O]]:
        """Begin `record`; what the step raises is in the future."""

    def close(self) -> None:
        """Let go of threads and resources; work in flight is abandoned."""
