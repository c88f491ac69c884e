from collections import Counter

import pytest

from pixelprose.cli.counts import ServiceCounts, all_sunk


def counts(**steps: dict[str, int]) -> list[ServiceCounts]:
    """One service each; `__` in a name stands for a dot, `_` for a hyphen."""
    found = []
    for name, outcomes in steps.items():
        step = name.replace("__", ".").replace("_", "-").replace("dead-letters", "dead_letters")
        one = ServiceCounts(step, "http://nobody")
        one.now = Counter({(step, outcome): count for outcome, count in outcomes.items()})
        found.append(one)
    return found


DONE = {
    "ingester": {"emitted": 3, "rejected": 2, "dead_letter": 1},
    "metadata_annotator__image": {"emitted": 3},
    "captioner": {"emitted": 2, "rejected": 1},
    "metadata_annotator__caption": {"emitted": 2},
    "sink__captions": {"emitted": 2},
    "sink__images": {"emitted": 3},
    "sink__rejections": {"emitted": 2, "skipped": 1},
    "sink__dead_letters": {"emitted": 1},
}


def test_all_is_sunk_when_the_sinks_have_told_of_as_much_as_was_sent() -> None:
    assert all_sunk(counts(**DONE))


@pytest.mark.parametrize(
    "sink", ["sink__captions", "sink__images", "sink__rejections", "sink__dead_letters"]
)
def test_as_long_as_one_is_behind_it_is_not(sink: str) -> None:
    assert not all_sunk(counts(**(DONE | {sink: {}})))
