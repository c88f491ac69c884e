"""Rows that were refused: rejected on the log, counted, and told in one line a commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from pixelprose.records import DUPLICATE_ROW, RecordCodec
from pixelprose.sink.admission import Refusal
from pixelprose.streamkit import Metrics, Outgoing, Reject

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rejections:
    """Makes the rejection of a refused row's record: the end of an attempt that gets no row."""

    records: RecordCodec

    def __call__(self, refusal: Refusal) -> Outgoing:
        """Return it; it names whose row is there."""
        row, owner = refusal.row, refusal.owner
        assert row.cause is not None  # noqa: S101 - else there is nothing to tell
        detail = f"row {row.row_id} was there before, and is gone"
        if owner is not None:
            detail = f"row {row.row_id} is of submission {owner.submission_id}, {owner.attempt}"
        rejected: Reject[object] = Reject(
            DUPLICATE_ROW, detail, duplicate_of=owner and owner.submission_id
        )
        return self.records.reject(rejected, self.records.decode(row.cause), row.cause)


@dataclass(frozen=True, slots=True)
class Refusals:
    """What a commit does about rows that the table refused."""

    reject: Callable[[Refusal], Outgoing] | None = None
    count: Callable[[int], None] = lambda _: None

    def ends(self, refused: Sequence[Refusal]) -> Sequence[Outgoing]:
        """Return the rejections of those whose attempt has no row.

        A record that came twice has its row: it ends there, and once.
        """
        if self.reject is None:
            return ()
        return [self.reject(one) for one in refused if one.row.cause and one.owner != one.row.who]

    def committed(self, refused: Sequence[Refusal]) -> None:
        """Count and tell what is decided for good."""
        if not refused:
            return
        self.count(len(refused))
        first = refused[0].row
        _log.warning(
            "rows_refused",
            count=len(refused),
            row_id=first.row_id,
            topic=first.at.topic,
            partition=first.at.partition,
            offset=first.offset,
        )


def refused_rows(metrics: Metrics, *, service: str) -> Callable[[int], None]:
    """Return what counts the refused rows of a table."""
    counter = metrics.counter(
        "pixelprose_sink_rows_refused_total",
        "Rows that were not written, since their table holds their row_id already.",
        ("service",),
    )
    return counter.labels(service).inc
