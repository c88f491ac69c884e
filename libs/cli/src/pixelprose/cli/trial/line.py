"""The pipeline's steps one after another: each is given what the one before it gave."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from pixelprose.records import RecordCodec, Stage
from pixelprose.streamkit import (
    DeadLetter,
    Emit,
    Later,
    Message,
    Outcome,
    Outgoing,
    Reject,
    Skip,
    TopicPartition,
)

Record: TypeAlias = Any
"""The record of any topic."""

LANE: Final = 0
"""Every topic has this one partition here."""


@dataclass(frozen=True, slots=True)
class Station:
    """A stage and the codec that reads and writes for it; both are made when it is their turn."""

    name: str
    opened: Callable[[], tuple[Stage, RecordCodec]]


@dataclass(frozen=True, slots=True)
class Passed:
    """A record as it lies on its topic."""

    record: Record
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one stage made of one record.

    Attributes:
        loading_seconds: until the stage was ready; 0 where it was already.
        onward: records for the next stage.
        rejection: what went to the rejections topic.
    """

    stage: str
    loading_seconds: float
    seconds: float
    outcome: Outcome[Record]
    onward: tuple[Passed, ...] = ()
    rejection: Passed | None = None


def travel(
    first: Message, stations: Iterable[Station], *, clock: Callable[[], float] = time.perf_counter
) -> Iterator[Turn]:
    """Yield each stage's turn; stages that nothing reaches are never made.

    Raises:
        Stop: a stage refuses to start, as its service would.
        Unavailable: something that it needs does not answer.
    """
    waiting: Sequence[Message] = (first,)
    for station in stations:
        if not waiting:
            return
        began = clock()
        stage, codec = station.opened()
        loading = clock() - began
        reached: list[Message] = []
        try:
            stage.owning({TopicPartition(first.at.topic, LANE)})
            for message in waiting:
                turn = _turn(stage, codec, message, loading_seconds=loading, clock=clock)
                loading = 0.0
                reached += [one.message for one in turn.onward]
                yield turn
        finally:
            stage.worker.close()
            stage.close()
        waiting = reached


def _turn(
    stage: Stage,
    codec: RecordCodec,
    message: Message,
    *,
    loading_seconds: float,
    clock: Callable[[], float],
) -> Turn:
    record = codec.decode(message)
    began = clock()
    outcome = stage.worker.submit(record).result()
    seconds = clock() - began
    onward: tuple[Passed, ...] = ()
    rejection = None
    match outcome:
        case Emit(records):
            onward = tuple(_passed(codec, codec.encode(one, message)) for one in records)
        case Reject():
            # What goes out beside a rejection: captions of other policies go on, an incident of
            # a known hash is for reviewers alone.
            beside = () if outcome.reason == "blocked" else outcome.also
            onward = tuple(_passed(codec, codec.encode(one, message)) for one in beside)
            rejection = _passed(codec, codec.reject(outcome, record, message))
        case Later() | Skip() | DeadLetter():
            pass
    return Turn(
        stage=stage.name,
        loading_seconds=loading_seconds,
        seconds=seconds,
        outcome=outcome,
        onward=onward,
        rejection=rejection,
    )


def _passed(codec: RecordCodec, out: Outgoing) -> Passed:
    message = Message(
        at=TopicPartition(out.topic, LANE),
        offset=0,
        key=out.key,
        value=out.value,
        headers=out.headers,
        timestamp=datetime.now(UTC),
    )
    return Passed(codec.decode(message), message)
