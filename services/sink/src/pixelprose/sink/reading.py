"""Messages as rows, a whole commit at once: records of our own schema in native code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pyarrow as pa
import structlog

from pixelprose.lake import CAPTIONS, TableSpec
from pixelprose.sink.avro import read_columns
from pixelprose.sink.codec import RowCodec
from pixelprose.sink.columns import Column, ColumnsOf, fitted, hops_of_others, inside
from pixelprose.sink.row import InColumns, Row
from pixelprose.streamkit import ExitCode, Message, Outgoing, Stop, Undecodable
from pixelprose.streamkit.letters import DeadLetters

R = TypeVar("R")

_AT_ONCE: Final = 1_000
"""Records that are read at once. Larger buffers go back to the system each time, and getting them
again costs a third of all reading."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """What a commit is about: rows, and dead letters of what could not be read."""

    rows: Sequence[Row]
    letters: Sequence[Outgoing] = ()


Reading = Callable[[Sequence[R]], Read]
"""Reads what waited for a commit. The same again gives the same."""


def as_they_are(rows: Sequence[Row]) -> Read:
    """Take rows that were read one by one."""
    return Read(rows)


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads all messages of a commit as columns of `spec`.

    Where that fails, each is read by itself, and those that are no such record become dead letters.
    `prefix` is what all of them begin with; `instance` the deployment that the sink belongs to.
    Where at least `fuse_least` of a commit can't be read, and at least `fuse_share` of it, the sink
    is more likely broken than they.
    """

    spec: TableSpec
    columns_of: ColumnsOf
    rows: RowCodec[Any]
    letters: DeadLetters
    schema: str
    prefix: bytes
    instance: str
    fuse_least: int
    fuse_share: float
    at_once: int = _AT_ONCE

    def __call__(self, waiting: Sequence[Message | Row]) -> Read:
        """Return the rows of all, in their order by partition.

        Raises:
            Stop: too many are no such record; none of them is committed.
        """
        rows = [one for one in waiting if isinstance(one, Row)]
        causes = [one for one in waiting if isinstance(one, Message)]
        if not causes:
            return Read(rows)
        try:
            read = [row for part in self._parts(causes) for row in self._together(part)]
        except ValueError as error:
            # Arrow's errors are ValueErrors, too.
            _log.warning("read_one_by_one", count=len(causes), error=type(error).__name__)
            found = self._one_by_one(causes)
            self._judge(len(found.letters), len(causes))
            return Read([*rows, *found.rows], found.letters)
        return Read([*rows, *read])

    def _parts(self, causes: Sequence[Message]) -> Iterator[Sequence[Message]]:
        for begin in range(0, len(causes), self.at_once):
            yield causes[begin : begin + self.at_once]

    def _together(self, causes: Sequence[Message]) -> list[Row]:
        read = read_columns([cause.value[len(self.prefix) :] for cause in causes], self.schema)
        record = {name: read.column(name) for name in read.schema.names}
        made = self.columns_of(record, causes)
        schema = self.spec.schema
        columns = pa.Table.from_arrays(
            [fitted(made[field.name], field.type) for field in schema], schema=schema
        )
        ids = columns.column("row_id").to_pylist()
        of_content = self.spec is CAPTIONS
        again = self._again(record)
        return [
            Row(
                cause.at,
                cause.offset,
                InColumns(columns, index),
                row_id=str(ids[index]),
                again=index in again,
                cause=cause if of_content else None,
            )
            for index, cause in enumerate(causes)
        ]

    def _again(self, record: Mapping[str, Column]) -> set[int]:
        """Places of rows that may have come long ago; see `comes_again`."""
        replayed = hops_of_others(record["lineage"], instance=self.instance)
        if self.spec is not CAPTIONS:
            return replayed
        attempts = inside(record["submission"])["attempt"].to_pylist()
        return replayed | {place for place, attempt in enumerate(attempts) if attempt}

    def _judge(self, unread: int, of: int) -> None:
        if unread >= self.fuse_least and unread >= self.fuse_share * of:
            raise Stop(
                ExitCode.FUSE_BLOWN,
                f"{unread} of {of} records of a commit are no {self.spec.name}; "
                "if they are to be dead letters, raise runner.fuse_in_a_row for one start",
            )

    def _one_by_one(self, causes: Sequence[Message]) -> Read:
        rows: list[Row] = []
        letters: list[Outgoing] = []
        for cause in causes:
            try:
                rows.append(self.rows.encode(self.rows.decode(cause), cause))
            except Undecodable as error:
                kind, text = type(error).__qualname__, str(error)
                letters.append(
                    self.letters.of(cause, "undecodable", error_class=kind, error_text=text)
                )
        return Read(rows, letters)
