"""What the sink's log takes: a row with the position of its record."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from pixelprose.streamkit import Message, TopicPartition


class Who(NamedTuple):
    """Whose a row is: one attempt of a submission."""

    submission_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class InColumns:
    """A row that lies among others in Arrow columns, in the order of its table's schema."""

    columns: pa.Table
    index: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, with the position of its record.

    Attributes:
        values: of the table's row class, or where they lie in columns.
        row_id: identity of the row; a table holds each once.
        again: whether the same row may have come long ago, from another position: its record was
            redriven, or made by another deployment's replay.
        cause: the record, where the same row may be of another attempt: that one's end must then
            be told. Null where a row is of one attempt by its identity.
    """

    at: TopicPartition
    offset: int
    values: msgspec.Struct | InColumns
    row_id: str = ""
    again: bool = False
    cause: Message | None = None

    @property
    def policy_hash(self) -> str | None:
        """The policy of a row that is of one."""
        found: str | None = self._value("policy_hash", None)
        return found

    @property
    def who(self) -> Who:
        """Whose row it is; of a row that does not say, nobody's."""
        return Who(self._value("submission_id", None) or "", self._value("attempt", 0))

    def _value(self, column: str, absent: object) -> Any:  # noqa: ANN401 - of the column's type
        if not isinstance(self.values, InColumns):
            return getattr(self.values, column, absent)
        if column not in self.values.columns.column_names:
            return absent
        return self.values.columns.column(column)[self.values.index].as_py()
