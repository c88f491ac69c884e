"""Whoever needs to know is told which partitions are ours."""

import pytest

from pixelprose.streamkit import Emit, Inline, Metrics, Runner, RunnerSettings, TopicPartition
from pixelprose.streamkit.log import Outgoing
from pixelprose.streamkit.testing import MemoryBroker, MemoryLog, TextCodec

ZERO, ONE = TopicPartition("in", 0), TopicPartition("in", 1)


@pytest.mark.parametrize("end", ["revoke", "lose"])
def test_all_that_is_ours_is_told_at_every_change(end: str) -> None:
    told: list[set[TopicPartition]] = []
    log = MemoryLog(MemoryBroker("in", partitions=2))
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
    getattr(log, end)([ZERO])
    runner.tick(0.0)
    log.assign([ZERO])
    runner.tick(0.0)
    assert told == [{ZERO, ONE}, {ONE}, {ZERO, ONE}]
