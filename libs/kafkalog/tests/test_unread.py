"""Records that nobody read grow old; how near they are to being deleted is told in time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from pixelprose.kafkalog import KafkaLog, KafkaSettings, UnreadWatch
from pixelprose.kafkalog.observer import Lane
from pixelprose.kafkalog.unread import shares

LANE: Lane = ("in", 0)
OTHER: Lane = ("in", 1)
COMPACTED: Lane = ("compacted", 0)
KEEPS = {"in": 1_000.0, "brief": 100.0}
NOW = 5_000.0


@dataclass
class Partition:
    """Times of its records, by offset; those below `beginning` are deleted."""

    times: list[float] = field(default_factory=list)
    position: int | None = 0
    beginning: int = 0


@dataclass
class Broker:
    """What is asked, and what it answers."""

    partitions: dict[Lane, Partition]
    read: list[Lane] = field(default_factory=list)
    closed: bool = False

    def positions(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        found = {lane: self.partitions[lane].position for lane in lanes}
        return {lane: at for lane, at in found.items() if at is not None}

    def beginnings(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        return {lane: self.partitions[lane].beginning for lane in lanes}

    def ends(self, lanes: Collection[Lane]) -> Mapping[Lane, int]:
        return {lane: len(self.partitions[lane].times) for lane in lanes}

    def written(self, positions: Mapping[Lane, int]) -> Mapping[Lane, float]:
        self.read += positions
        times = {lane: self.partitions[lane].times[at:] for lane, at in positions.items()}
        readable = {lane: [at for at in found if at > 0] for lane, found in times.items()}
        return {lane: found[0] for lane, found in readable.items() if found}

    def close(self) -> None:
        self.closed = True


def told(broker: Broker) -> Mapping[Lane, float]:
    return shares(broker, broker.partitions, keeps=KEEPS, now=NOW)


def test_the_record_at_the_position_counts_by_its_topics_retention() -> None:
    brief: Lane = ("brief", 0)
    broker = Broker(
        {LANE: Partition([NOW - 900, NOW - 600, NOW], position=1), brief: Partition([NOW - 50])}
    )
    assert told(broker) == {LANE: 0.6, brief: 0.5}


def test_where_all_is_read_nothing_is_asked_for() -> None:
    broker = Broker({LANE: Partition([NOW - 900], position=1), OTHER: Partition([])})
    assert told(broker) == {}
    assert broker.read == []


def test_a_partition_that_was_never_begun_and_a_topic_that_keeps_all_are_left_out() -> None:
    old = [NOW - 900]
    broker = Broker({LANE: Partition(old, position=None), COMPACTED: Partition(old)})
    assert told(broker) == {}


def test_markers_alone_are_no_records() -> None:
    assert told(Broker({LANE: Partition([NOW - 900, 0.0, 0.0], position=1)})) == {}


def test_what_was_deleted_unread_counts_as_the_whole_retention() -> None:
    assert told(Broker({LANE: Partition([NOW] * 5, position=1, beginning=2)})) == {LANE: 1.0}


def test_a_record_that_was_written_after_now_has_no_age() -> None:
    assert told(Broker({LANE: Partition([NOW + 60])})) == {LANE: 0.0}


@pytest.fixture
def broker() -> Broker:
    return Broker({LANE: Partition([NOW - 300]), OTHER: Partition([NOW - 700])})


def test_the_oldest_of_our_own_partitions_is_told_look_by_look(broker: Broker) -> None:
    said: list[float] = []
    watch = UnreadWatch(broker, keeps=KEEPS, tell=said.append, now=lambda: NOW)
    watch.look()
    watch.assigned([LANE, OTHER])
    watch.look()
    watch.gone([OTHER])
    watch.look()
    broker.partitions[LANE].position = 1
    watch.look()
    assert said == [0.0, 0.7, 0.3, 0.0]


def test_a_log_says_which_partitions_come_and_go(broker: Broker) -> None:
    said: list[float] = []
    watch = UnreadWatch(broker, keeps=KEEPS, tell=said.append, now=lambda: NOW)
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    log = KafkaLog(settings, topics=("in",), service="t", instance="one", slot=0, unread=watch)
    for change, lanes in ((log._assigned, [LANE, OTHER]), (log._gone, [OTHER])):
        change(lanes)
        watch.look()
    assert said == [0.7, 0.3]


def test_a_watch_that_looks_no_more_releases_its_client(broker: Broker) -> None:
    UnreadWatch(broker, keeps=KEEPS, tell=print, now=lambda: NOW).close()
    assert broker.closed
