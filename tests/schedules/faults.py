"""What a schedule draws: who, when, what comes, and what goes wrong."""

from hypothesis import strategies as st
from tests.schedules.texts import KINDS

PARTITIONS = 3
REPLICAS = st.integers(0, 1)
LANES = st.integers(0, PARTITIONS - 1)
NTH = st.integers(0, 9)
"""Which of those that can be meant, counted round."""
SECONDS = st.sampled_from([0.0, 0.05, 0.2, 4.0])
RECORDS = st.lists(st.tuples(KINDS, LANES), max_size=4)
BAD_ONES = st.lists(st.sampled_from("dx?L"), min_size=4, max_size=7)
ENDED = st.integers(0, 5)
STRIKES = ("dies", "is expelled", "is replaced", "sleeps", "is aborted", "hears no more")

OUTSIDE = st.sampled_from(
    [
        "a transaction upstream opens",
        "it commits",
        "it aborts",
        "one commits at once",
        "the store goes away",
        "the store comes back",
        "readers of our outputs fall behind",
        "readers of our outputs catch up",
    ]
)
ENDS = st.sampled_from(
    [
        "dies, and the group notices",
        "dies unnoticed",
        "is replaced, and does not know it",
        "gets other partitions",
        "stands still, as all do",
        "is expelled",
    ]
)


def faults(*strikes: str) -> st.SearchStrategy[tuple[str, int]]:
    """What happens, and how many points from now; often nothing."""
    points = st.integers(0, 4) | st.integers(0, 16)
    return st.just(("", 0)) | st.tuples(st.sampled_from(strikes), points)
