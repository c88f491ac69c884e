"""Records in, rows out."""

from collections.abc import Callable
from typing import Generic, TypeVar

from pixelprose.lake import CaptionRow, ImageRow, RejectionRow
from pixelprose.records import RecordCodec
from pixelprose.sink.row import Row
from pixelprose.sink.rows import Unknown, comes_again, is_of_content
from pixelprose.streamkit import Message, Reject

R = TypeVar("R")

RowOf = Callable[[R, Message, Unknown], CaptionRow | ImageRow | RejectionRow]
"""Makes the row of a record."""


class RowCodec(Generic[R]):
    """Decodes one topic's records and turns each into the row that its function makes.

    `instance` is the deployment that the sink belongs to.
    """

    def __init__(self, records: RecordCodec, row_of: RowOf[R], *, instance: str) -> None:
        self._records = records
        self._row_of = row_of
        self._instance = instance

    def decode(self, message: Message) -> R:
        """Return the record.

        Raises:
            Undecodable: the bytes are not that record.
        """
        record: R = self._records.decode(message)
        return record

    def encode(self, record: R, cause: Message) -> Row:
        """Return the row of a record that was read as `cause`."""
        row = self._row_of(record, cause, self._records.beyond(record, cause))
        return Row(
            cause.at,
            cause.offset,
            row,
            row_id=row.row_id,
            again=comes_again(row, instance=self._instance),
            cause=cause if is_of_content(row) else None,
        )

    def reject(self, rejected: Reject[R], record: R, cause: Message) -> Row:  # noqa: ARG002 - a Codec has it
        """Refuse: what reached the sink has ended already.

        Raises:
            TypeError: always.
        """
        raise TypeError("the sink rejects nothing")
