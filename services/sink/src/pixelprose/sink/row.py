"""What the sink's log takes: a row with the position of its record."""

from dataclasses import dataclass

import msgspec
import pyarrow as pa

from pixelprose.streamkit import TopicPartition


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
    """

    at: TopicPartition
    offset: int
    values: msgspec.Struct | InColumns
    row_id: str = ""
    again: bool = False

    @property
    def policy_hash(self) -> str | None:
        """The policy of a row that is of one."""
        if not isinstance(self.values, InColumns):
            return getattr(self.values, "policy_hash", None)
        if "policy_hash" not in self.values.columns.column_names:
            return None
        found: str | None = self.values.columns.column("policy_hash")[self.values.index].as_py()
        return found
