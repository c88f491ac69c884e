"""A record that is put off comes again as it was, when it is due, and ends once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pixelprose.streamkit import Emit, Inline, Later, Metrics, Outcome, Runner, RunnerSettings
from pixelprose.streamkit.letters.retries import COUNT, Retries, Tier
from pixelprose.streamkit.log import Message, Outgoing, TopicPartition
from pixelprose.streamkit.testing import HandClock, MemoryBroker, MemoryLog, TextCodec

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
TIERS = Retries((Tier("in.tests.retry.1m", 60.0), Tier("in.tests.retry.10m", 600.0)))


@dataclass
class Clock:
    """A wall clock for the log and the runner alike."""

    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time


@dataclass
class Web:
    """A step that is told how often to put a record off."""

    refusals: dict[str, int] = field(default_factory=dict)
    least_seconds: float = 0.0
    seen: list[str] = field(default_factory=list)

    def __call__(self, record: str) -> Outcome[str]:
        self.seen.append(record)
        if self.refusals.get(record, 0) > 0:
            self.refusals[record] -= 1
            return Later("busy", "come again", least_seconds=self.least_seconds)
        return Emit((record + "!",))


class Scene:
    def __init__(self, web: Web, retries: Retries = TIERS) -> None:
        self.wall = Clock()
        self.clock = HandClock()
        topics = [tier.topic for tier in retries.tiers]
        self.broker = MemoryBroker("in", retries=topics, now=self.wall)
        self.log = MemoryLog(self.broker)
        self.runner: Runner[str, str, Outgoing] = Runner(
            self.log,
            TextCodec(),
            Inline(web),
            RunnerSettings(commit_seconds=0.001),
            service="tests",
            version="1",
            metrics=Metrics(),
            retries=retries,
            now=self.wall,
            clock=self.clock,
            uniform=lambda: 0.0,
        )
        self.log.subscribe(self.runner)

    def turn(self, times: int = 5) -> None:
        for _ in range(times):
            self.clock.advance(0.01)
            self.runner.tick()

    def wait(self, seconds: float) -> None:
        self.wall.time += timedelta(seconds=seconds)
        self.turn()

    def out(self, topic: str = "out") -> list[str]:
        return [out.value.decode() for out in self.broker.appended[topic]]


def test_a_record_put_off_comes_again_when_it_is_due_and_not_before() -> None:
    web = Web({"a": 1})
    scene = Scene(web)
    scene.broker.append(b"a")
    scene.broker.append(b"b")
    scene.turn()
    assert scene.out() == ["b!"]
    scene.wait(59)
    assert web.seen == ["a", "b"]
    scene.wait(1)
    assert scene.out() == ["b!", "a!"]
    assert scene.out("in.tests.retry.1m") == ["a"]


def test_each_time_it_waits_longer_and_in_the_end_it_is_rejected_for_the_reason() -> None:
    scene = Scene(Web({"a": 9}))
    scene.broker.append(b"a")
    scene.turn()
    scene.wait(60)
    assert scene.out("in.tests.retry.10m") == ["a"]
    scene.wait(599)
    assert scene.out("rejected") == []
    scene.wait(1)
    assert scene.out("rejected") == ["busy:a"]
    assert scene.out() == []


def test_the_tier_is_long_enough_for_what_was_asked() -> None:
    scene = Scene(Web({"a": 1}, least_seconds=61.0))
    scene.broker.append(b"a")
    scene.turn()
    assert scene.out("in.tests.retry.10m") == ["a"]


def test_without_tiers_it_is_rejected_at_once() -> None:
    scene = Scene(Web({"a": 1}), Retries())
    scene.broker.append(b"a")
    scene.turn()
    assert scene.out("rejected") == ["busy:a"]


def test_what_waits_holds_no_other_record_back_and_no_drain() -> None:
    scene = Scene(Web({"a": 1}))
    scene.broker.append(b"a")
    scene.turn()
    for number in range(50):
        scene.broker.append(b"%d" % number)
    scene.turn()
    assert len(scene.out()) == 50
    scene.runner.stop()
    scene.runner.run()
    waits = TopicPartition("in.tests.retry.1m", 0)
    assert scene.broker.positions[waits] == 0


def test_a_message_comes_back_as_it_stood_on_its_first_topic() -> None:
    first = Message(TopicPartition("in", 3), 17, b"k", b"v", (("a", b"1"), ("a", b"2")), NOON)
    once = TIERS.put_off(first, "busy", least_seconds=0)
    assert once is not None
    read = Message(TopicPartition(once.topic, 1), 5, once.key, once.value, once.headers, NOON)
    back = TIERS.brought_back(read)
    assert (back.at, back.offset, back.key, back.value) == (first.at, 17, b"k", b"v")
    assert back.headers == (*first.headers, (COUNT, b"1"))
    twice = TIERS.put_off(back, "busy", least_seconds=0)
    assert twice is not None
    assert twice.topic == "in.tests.retry.10m"
    assert dict(twice.headers)[COUNT] == b"2"


def test_headers_of_a_stranger_move_no_record_of_the_first_topic() -> None:
    forged = Message(
        TopicPartition("in", 0),
        1,
        None,
        b"v",
        (("retry_topic", b"x"), ("retry_partition", b"9"), ("retry_offset", b"9"),
         ("retry_count", b"0"), ("retry_reason", b"r")),
        NOON,
    )  # fmt: skip
    assert TIERS.brought_back(forged) is forged
