"""A consumer that gives nothing, though another gets records, is deaf; one that is idle is not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from pixelprose.kafkalog.hearing import LOOKS, Hearing
from pixelprose.kafkalog.observer import Lane

LANE: Lane = ("in", 0)


@dataclass
class Broker:
    """What another consumer sees."""

    end: int = 0
    position: int = 0
    records: set[int] = field(default_factory=set)
    asked: int = 0

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        return dict.fromkeys(lanes, self.end)

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        return dict.fromkeys(lanes, self.position)

    def gets(self, lane: Lane, offset: int) -> bool:
        assert lane == LANE
        self.asked += 1
        return any(at >= offset for at in self.records)

    def close(self) -> None:
        pass


@pytest.fixture
def broker() -> Broker:
    return Broker(end=5, records={3, 4})


@pytest.fixture
def ear(broker: Broker) -> Hearing:
    ear = Hearing(broker)
    ear.assigned([LANE])
    return ear


def looks(ear: Hearing, times: int) -> str:
    for _ in range(times):
        ear.nothing()
        ear.look()
    return ear.deaf


def test_silence_is_deafness_after_some_looks_and_not_before(ear: Hearing) -> None:
    assert looks(ear, LOOKS - 1) == ""
    assert "in 0 has records from 0 on" in looks(ear, 1)


def test_what_was_heard_counts_anew(ear: Hearing) -> None:
    looks(ear, LOOKS - 1)
    ear.heard(LANE, 3)
    assert looks(ear, LOOKS - 1) == ""
    assert "from 4 on" in looks(ear, 1)


def test_at_the_end_silence_is_right(ear: Hearing, broker: Broker) -> None:
    ear.heard(LANE, 4)
    assert looks(ear, 10) == ""
    assert broker.asked == 0


def test_markers_and_aborted_records_are_no_records(ear: Hearing, broker: Broker) -> None:
    broker.records.clear()
    assert looks(ear, 10) == ""
    assert broker.asked > 0


def test_what_is_paused_or_gone_may_be_silent(ear: Hearing) -> None:
    ear.paused([LANE])
    assert looks(ear, 10) == ""
    ear.resumed([LANE])
    assert looks(ear, LOOKS - 1) == ""
    ear.gone([LANE])
    assert looks(ear, 10) == ""


def test_a_loop_that_does_not_poll_hears_nothing_and_rightly(ear: Hearing) -> None:
    for _ in range(10):
        ear.look()
    assert ear.deaf == ""
