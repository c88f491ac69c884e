"""Puts failures back, or closes them: outputs and ledger entries together, or neither."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from pixelprose.cli.errors import CommandError
from pixelprose.cli.redrive.archive import LEDGER, Archive
from pixelprose.cli.redrive.decision import Decided, Refused
from pixelprose.cli.redrive.failure import Failure, Place
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.kafkalog import Appender
from pixelprose.records import Redrive
from pixelprose.records.headers import CONTENT_TYPE, Header, write
from pixelprose.streamkit import ExitCode, Outgoing, Stop

NAME: Final = "redrive"
"""The one transactional id of all redrives, whoever runs them: it is their lock."""

_RECORDS: Final = 200
_BYTES: Final = 4_000_000
_TRIES: Final = 3

Decide = Callable[[Failure, Ledger], Decided | Refused]


class Appends(Protocol):
    """Where outputs go; `Appender` is the real one."""

    def open(self) -> None:
        """Take over the name of all redrives."""

    def append(self, outgoing: list[Outgoing]) -> bool:
        """Append everything, or nothing and return False."""


@dataclass(slots=True)
class Report:
    """What was done: by this run, and by others before it."""

    done: int = 0
    before: int = 0
    refused: list[Refused] = field(default_factory=list)


def drive(
    archive: Archive,
    chosen: frozenset[Place],
    decide: Decide,
    *,
    appender: Appends | None = None,
    on_done: Callable[[int], None] = lambda _: None,
) -> Report:
    """Decide about each chosen failure that is still open, exactly once.

    Taking over the name ends every other run first: what it had committed is in the ledger that is
    read then, and what it had not is aborted.

    Raises:
        CommandError: another redrive took over while this one ran.
        KafkaException, StreamError: the broker refuses or does not answer.
    """
    report = Report()
    target = appender or Appender(archive.kafka, name=NAME)
    try:
        target.open()
        ledger = archive.whole_ledger()
        for batch in _batches(archive.failures(), chosen):
            _settle(batch, ledger, decide, archive, target, report)
            on_done(report.done + report.before + len(report.refused))
    except Stop as stop:
        if stop.code is ExitCode.FENCED:
            raise CommandError(_taken_over(report)) from stop
        raise
    return report


def rehearse(archive: Archive, chosen: frozenset[Place], decide: Decide, ledger: Ledger) -> Report:
    """Return what `drive` would do now; nothing is written, and nobody is interrupted."""
    report = Report()
    for batch in _batches(archive.failures(), chosen):
        _settle(batch, ledger, decide, archive, Nowhere(), report)
    return report


class Nowhere(Appends):
    """Forgets what it is given."""

    def open(self) -> None:
        """Do nothing."""

    def append(self, outgoing: list[Outgoing]) -> bool:
        """Say that it went well."""
        return bool(outgoing)


def _taken_over(report: Report) -> str:
    return (
        f"another redrive began while this one ran, and only one can; {report.done} were done here "
        "before that, the rest is left to it; `pixelprose dlq list` shows what is open"
    )


def _batches(failures: Iterator[Failure], chosen: frozenset[Place]) -> Iterator[list[Failure]]:
    batch: list[Failure] = []
    size, left = 0, len(chosen)
    for failure in failures:
        if failure.place not in chosen:
            continue
        batch.append(failure)
        size, left = size + len(failure.message.value), left - 1
        if len(batch) >= _RECORDS or size >= _BYTES or not left:
            yield batch
            batch, size = [], 0
        if not left:
            return
    if batch:
        yield batch


def _settle(
    batch: list[Failure],
    ledger: Ledger,
    decide: Decide,
    archive: Archive,
    target: Appends,
    report: Report,
) -> None:
    outgoing: list[Outgoing] = []
    done = 0
    for failure in batch:
        if ledger.decided(failure.place):
            report.before += 1
            continue
        decision = decide(failure, ledger)
        if isinstance(decision, Refused):
            report.refused.append(decision)
            continue
        ledger.add(decision.entry)
        outgoing += (*decision.outgoing, _noted(decision.entry, archive))
        done += 1
    if outgoing:
        _append(target, outgoing)
    report.done += done


def _noted(entry: Redrive, archive: Archive) -> Outgoing:
    key = str(Place(entry.topic, entry.partition, entry.offset)).encode()
    headers = write({Header.CONTENT_TYPE: CONTENT_TYPE})
    return Outgoing(LEDGER, key, archive.wire.encode(entry), headers)


def _append(target: Appends, outgoing: list[Outgoing]) -> None:
    for _ in range(_TRIES):
        if target.append(outgoing):
            return
    raise CommandError(
        f"the broker aborted the same transaction {_TRIES} times; nothing of it is done"
    )
