from collections.abc import Callable
from datetime import datetime

import pytest

from pixelprose.records import (
    ImageFetched,
    ImageRejected,
    ImageScreened,
    Passing,
    RecordCodec,
    Registry,
    RegistrySettings,
    SafetyIncident,
    topic_of,
)
from pixelprose.safety_filter.step import Screen
from pixelprose.streamkit import Emit, Message, Outgoing, Reject, TopicPartition

Fetched = Callable[..., ImageFetched]


@pytest.fixture
def codec(now: datetime) -> RecordCodec:
    passing = Passing(
        service="safety-filter",
        stage="safety-filter",
        version="0",
        instance="test",
        cluster="test",
    )
    return RecordCodec(passing, Registry(RegistrySettings()), now=lambda: now)


def message(topic: str, value: bytes, now: datetime) -> Message:
    return Message(
        at=TopicPartition(topic, 0), offset=5, key=None, value=value, headers=(), timestamp=now
    )


def read(codec: RecordCodec, sent: Outgoing, now: datetime) -> object:
    return codec.decode(message(sent.topic, sent.value, now))


def test_a_screened_image_survives_the_wire(
    screen: Screen,
    codec: RecordCodec,
    fetched: Fetched,
    put: Callable[..., None],
    now: datetime,
) -> None:
    put(record := fetched())
    match screen([record])[0]:
        case Emit((ImageScreened() as screened,)):
            cause = message(topic_of(ImageFetched), b"", now)
            back = read(codec, codec.encode(screened, cause), now)
        case other:
            pytest.fail(f"not screened: {other}")
    assert isinstance(back, ImageScreened)
    assert (back.screening, back.image) == (screened.screening, screened.image)
    assert [hop.service for hop in back.lineage] == ["safety-filter"]


def test_a_known_hash_leaves_nothing_but_blocked_on_the_public_topic(
    screen: Screen, codec: RecordCodec, fetched: Fetched, known_pdq: str, now: datetime
) -> None:
    record = fetched(pdq=known_pdq)
    cause = message(topic_of(ImageFetched), b"the record", now)
    match screen([record])[0]:
        case Reject(also=(incident,)) as rejected:
            public = read(codec, codec.reject(rejected, record, cause), now)
            restricted = codec.encode(incident, cause)
        case other:
            pytest.fail(f"not blocked: {other}")
    assert isinstance(public, ImageRejected)
    assert (public.reason, public.detail, dict(public.scores)) == ("blocked", "", {})
    assert (public.sha256, public.record, public.record_topic) == (None, None, None)
    assert restricted.topic == topic_of(SafetyIncident)
    assert isinstance(read(codec, restricted, now), SafetyIncident)
