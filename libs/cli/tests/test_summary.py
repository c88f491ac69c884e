import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from pixelprose.cli.ends import End, Ends
from pixelprose.cli.summary import Summary, records_per_second

GOOD = Summary(
    submitted=4,
    captioned=2,
    rows=2,
    rejections={"nsfw": 1},
    dead_letters={"undecodable": 1},
    ended_twice=0,
    without_end=0,
    unexpected=0,
    seconds=1.0,
    total_seconds=2.0,
    records_per_second={},
    peak_memory_bytes=1,
    demo_facts={},
    samples=[],
)


def test_a_sum_that_is_whole_adds_up() -> None:
    assert GOOD.adds_up
    assert GOOD.document()["adds_up"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(GOOD, rows=1),
        dataclasses.replace(GOOD, rows=3),
        dataclasses.replace(GOOD, ended_twice=1),
        dataclasses.replace(GOOD, submitted=5),
        dataclasses.replace(GOOD, without_end=1),
    ],
)
def test_a_lost_or_repeated_submission_does_not_add_up(wrong: Summary) -> None:
    assert not wrong.adds_up


def test_an_attempt_that_ends_twice_is_seen() -> None:
    ends = Ends()
    ends.add(("s", 0), End("captioned", "p"))
    ends.add(("s", 1), End("rejected", "nsfw"))
    assert ends.twice() == []
    ends.add(("s", 0), End("rejected", "nsfw"))
    assert ends.twice() == [("s", 0)]
    ends.add(("s", 1), End("rejected", "nsfw"))
    assert sorted(ends.twice()) == [("s", 0), ("s", 1)]
    assert ends.reasons("rejected") == {"nsfw": 2}


def test_a_submission_counts_once_as_its_highest_attempt_ended() -> None:
    ends = Ends()
    ends.add(("s", 1), End("captioned", "p"))
    ends.add(("s", 0), End("rejected", "timeout"))
    ends.add(("t", 0), End("rejected", "timeout"))
    assert (ends.count("captioned"), ends.count("rejected")) == (1, 1)
    assert ends.reasons("rejected") == {"timeout": 1}
    assert ends.submissions() == {"s", "t"}
    assert ends.twice() == []


def test_a_caption_whose_row_was_there_already_ended_as_a_duplicate_and_once() -> None:
    ends = Ends()
    ends.add(("s", 1), End("rejected", "duplicate_row"))
    ends.add(("s", 1), End("captioned", "p"))
    assert ends.twice() == []
    assert (ends.count("captioned"), ends.reasons("rejected")) == (0, {"duplicate_row": 1})
    ends.add(("s", 1), End("captioned", "p"))
    assert ends.twice() == [("s", 1)]


def test_rates_are_taken_between_the_first_and_the_last_record() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(seconds=n / 10) for n in range(11)]
    assert records_per_second({"sink": moments, "idle": []}) == {"sink": 10.0, "idle": 0.0}
