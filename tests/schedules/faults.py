"""What a schedule draws: who, when, what comes, and what goes wrong."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from tests.schedules.texts import KINDS

from pixelprose.streamkit import Runner
from pixelprose.streamkit.testing import HandWorker, MemoryLog

PARTITIONS = 3
REPLICAS = st.integers(0, 1)
LANES = st.integers(0, PARTITIONS - 1)
NTH = st.integers(0, 9)
"""Which of those that can be meant, counted round."""
SECONDS = st.sampled_from([0.0, 0.05, 0.2])
RECORDS = st.lists(st.tuples(KINDS, LANES), max_size=4)
ENDED = st.integers(0, 5)
STRIKES = ("dies", "is expelled", "is replaced", "sleeps", "is aborted")

ENDS = st.sampled_from(
    [
        "dies, and the group notices",
        "dies unnoticed",
        "is replaced, and does not know it",
        "gets other partitions",
        "stands still, as all do",
        "leaves",
        "is expelled",
    ]
)


def faults(*strikes: str) -> st.SearchStrategy[tuple[str, int]]:
    """What happens, and how many points from now; often nothing."""
    points = st.integers(0, 4) | st.integers(0, 16)
    return st.just(("", 0)) | st.tuples(st.sampled_from(strikes), points)


@dataclass(eq=False)
class Process:
    """One replica, from its start to its death.

    `strike` is what happens to it `points_left` points from now; points lie before and after each
    call that has an effect outside of it.
    """

    slot: int
    log: MemoryLog
    worker: HandWorker = field(default_factory=HandWorker)
    strike: str = ""
    points_left: int = 0
    busy: bool = False
    runner: Runner[str, str, Any] = field(init=False)
