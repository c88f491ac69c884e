"""Records are counted, and not the offsets between which they lie."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from pixelprose.cli import tally as tally_module
from pixelprose.cli.cluster import Ends
from pixelprose.cli.redrive.reading import Spans
from pixelprose.cli.tally import Amount, Tally
from pixelprose.kafkalog import KafkaSettings
from pixelprose.streamkit import Message

KAFKA = KafkaSettings(bootstrap_servers="nobody:1", topic_prefix="t-")
LANE = ("t-images", 0)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[Spans]:
    """A topic whose every third offset is a record; what was read of it."""
    asked: list[Spans] = []

    def read(_kafka: KafkaSettings, wanted: Spans) -> Iterator[Message]:
        asked.append(wanted)
        for at, span in wanted.items():
            for offset in range(span.first, span.end):
                if offset % 3 == 0:
                    yield Message(at, offset, None, b"", (), datetime.now(UTC))

    monkeypatch.setattr(tally_module, "read", read)
    return asked


def test_few_offsets_are_read_and_their_records_counted(spans: list[Spans]) -> None:
    group = {LANE: 5}
    tally = Tally(KAFKA, {LANE: Ends(0, 9, 12)}, [group])
    assert tally.kept("t-images") == Amount(3)
    assert tally.lag("t-images", group) == Amount(1)
    assert [at.topic for at in spans[0]] == ["images"]


def test_behind_the_last_record_nothing_waits_whatever_offsets_there_are(
    spans: list[Spans],
) -> None:
    del spans
    group = {LANE: 7}
    assert Tally(KAFKA, {LANE: Ends(0, 9, 9)}, [group]).lag("t-images", group) == Amount(0)


def test_of_many_only_what_the_slowest_reader_has_left_is_read(spans: list[Spans]) -> None:
    far, near = {LANE: 999_000}, {LANE: 999_900}
    tally = Tally(KAFKA, {LANE: Ends(0, 1_000_000, 1_000_000)}, [far, near])
    assert tally.kept("t-images") == Amount(1_000_000, exact=False)
    assert tally.lag("t-images", near) == Amount(34)
    assert tally.lag("t-images", far) == Amount(334)
    assert [(span.first, span.end) for span in spans[0].values()] == [(999_000, 1_000_000)]


def test_many_that_wait_are_at_most_so_many_and_not_read(spans: list[Spans]) -> None:
    tally = Tally(KAFKA, {LANE: Ends(0, 1_000_000, 1_000_000)}, [{LANE: 7}])
    assert str(tally.lag("t-images", {LANE: 7})) == "≤ 999,993"
    assert not spans[0]


def test_what_a_group_never_read_waits_from_the_beginning(spans: list[Spans]) -> None:
    del spans
    assert Tally(KAFKA, {LANE: Ends(3, 9, 9)}, []).lag("t-images", {}) == Amount(2)
