"""What the sink's log takes: a row with the position of its record."""

from dataclasses import dataclass

import msgspec

from pixelprose.streamkit import TopicPartition


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, with the position of its record.

    Attributes:
        values: of the table's row class.
        row_id: identity of the row; a table holds each once.
        again: whether the same row may have come long ago, from another position: its record was
            redriven, or made by another deployment's replay.
    """

    at: TopicPartition
    offset: int
    values: msgspec.Struct
    row_id: str = ""
    again: bool = False
