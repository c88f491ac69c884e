"""Two sinks on one table, and records whose row another attempt has already."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from tests.schedules.faults import PARTITIONS
from tests.schedules.group import PREFIX
from tests.schedules.lake import RowTexts, Sinks, row_due

from pixelprose.sink.admission import Refusal
from pixelprose.sink.refused import Refusals
from pixelprose.sink.row import Row, Who
from pixelprose.streamkit import Codec, Message, Outgoing
from pixelprose.streamkit.testing import TextCodec

SAME_ROW = 6
"""Records that are fed one after the other have one row_id, if they lie in one partition."""
SAME_TRY = 2
"""As many of them are of one attempt."""


class Owned(msgspec.Struct, frozen=True):
    """What a row holds."""

    text: str
    submission_id: str
    attempt: int = 0


class OwnedTexts(RowTexts):
    """Records are texts; their number says whose they are, and which row."""

    def encode(self, record: str, cause: Message) -> Row:
        values = Owned(record, submission_of(cause))
        return Row(cause.at, cause.offset, values, row_id=row_id_of(cause), again=True, cause=cause)


def number(message: Message) -> int:
    return int(TextCodec().decode(message)[1:])


def row_id_of(message: Message) -> str:
    return f"{message.at.partition}/{number(message) // SAME_ROW}"


def submission_of(message: Message) -> str:
    return str(number(message) // SAME_TRY)


def rejection(refusal: Refusal) -> Outgoing:
    assert refusal.row.cause is not None
    assert refusal.owner is not None
    return Outgoing("rejected", refusal.row.cause.key, refusal.row.cause.value)


class Duplicates(Sinks):
    """A record ends once: as the row, or with a rejection where the row is of another attempt."""

    # The filter of recent rows forgets, and the table is asked.
    recent_rows: ClassVar[int] = 2
    refusals_class: ClassVar[type[Refusals]] = Refusals

    def codec(self) -> Codec[str, str, Row]:
        return OwnedTexts()

    def refusals(self) -> Refusals:
        return self.refusals_class(rejection)

    def rows_due(self, records: Sequence[Message]) -> set[int]:
        """The first of each row_id, but for those that have it and were condemned after all."""
        places = {(row.at, row.offset) for row in self.table.rows[self.rows_of_older_topics :]}
        taken = {row.row_id for row in self.table.rows[: self.rows_of_older_topics]}
        condemned = self.condemned()
        due = set[int]()
        for m in records:
            there = (m.at, m.offset) in places
            if row_due(m) and row_id_of(m) not in taken and (there or m.value not in condemned):
                taken.add(row_id_of(m))
                due.add(m.offset)
        return due

    def check(self) -> None:
        super().check()
        owners = {row.row_id: row.who for row in self.table.rows}
        assert len(owners) == len(self.table.rows), "a row_id has two rows"
        condemned = self.condemned()
        for at in self.broker.lanes[:PARTITIONS]:
            if at not in self.broker.positions:
                continue
            done = self.broker.records[at][: self.broker.positions[at]]
            refused = [
                m.value
                for m in done
                if m is not None
                and row_due(m)
                and m.value not in condemned
                and owners[row_id_of(m)] != Who(submission_of(m), 0)
            ]
            found = [value for topic, value in self.appended(at) if topic == "rejected"]
            assert sorted(found) == sorted(refused), PREFIX
