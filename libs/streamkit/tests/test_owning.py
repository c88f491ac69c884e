"""Whoever needs to know is told which partitions are ours."""

from pixelprose.streamkit import Emit, Inline, Metrics, Runner, RunnerSettings, TopicPartition
from pixelprose.streamkit.log import Outgoing
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog, TextCodec

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


def test_all_that_is_ours_is_told_at_every_change() -> None:
    broker = MemoryBroker("in", partitions=2)
    log, told = MemoryLog(broker), list[set[TopicPartition]]()
    runner: Runner[str, str, Outgoing] = Runner(
        log,
        TextCodec(),
        Inline(lambda record: Emit((record,))),
        RunnerSettings(),
        service="tests",
        version="1",
        metrics=Metrics(),
        owning=lambda partitions: told.append(set(partitions)),
    )
    log.subscribe(runner)
    runner.tick(0.0)
    assert told == [{ZERO}, {ZERO, ONE}]
    broker.withdraw([ZERO])
    runner.tick(0.0)
    assert told[2:] == [{ONE}]
    broker.give(log, [ZERO])
    runner.tick(0.0)
    assert told[3:] == [{ZERO, ONE}]
    broker.expel(log)
    runner.tick(0.0)
    assert (told[4], told[-1]) == (set(), {ZERO, ONE})
