"""Submits rows: each once, however often the command is repeated."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage

from pixelprose.cli.errors import CommandError
from pixelprose.cli.rows import BadRow, SourceRow
from pixelprose.kafkalog import KafkaSettings
from pixelprose.kafkalog.settings import ONE_IN_FLIGHT
from pixelprose.records import (
    Header,
    ImageSubmitted,
    Registry,
    RegistrySettings,
    SubmissionId,
    Wire,
    submission_id,
    topic_of,
)
from pixelprose.records.counted import counted
from pixelprose.records.headers import CONTENT_TYPE, write

_WAIT_SECONDS = 0.5
_FLUSH_SECONDS = 60.0


class SubmitFailed(CommandError):
    """Not every row is on the topic; repeat the command: none is submitted twice."""


class _TooLarge(Exception):
    """The row makes a message that the broker does not take."""


def _refuse(bad: BadRow) -> None:
    raise SubmitFailed(f"{bad.where}: {bad.why}")


class Submitter:
    """Writes rows to the submitted topic.

    `identity` (a file's hash) and the row's number, or its own event id, are the CloudEvents
    source and id, so that the same row always has the same submission id; the ingester skips what
    it knows.
    """

    def __init__(
        self, kafka: KafkaSettings, registry: RegistrySettings, *, source: str, identity: str
    ) -> None:
        self._producer = Producer(
            {
                **kafka.client(),
                "enable.idempotence": True,
                **ONE_IN_FLIGHT,
                "partitioner": "murmur2_random",
                "compression.type": "zstd",
                "linger.ms": 20,
            }
        )
        self._topic = kafka.physical(topic_of(ImageSubmitted))
        self._wire = Wire(ImageSubmitted, Registry(registry))
        self._source = source
        self._identity = f"pixelprose/submit/{identity}"
        self._refused: list[KafkaError] = []

    def submit(
        self,
        rows: Iterable[SourceRow],
        *,
        on_sent: Callable[[], None],
        on_bad: Callable[[BadRow], None] = _refuse,
    ) -> Iterator[tuple[int, SubmissionId]]:
        """Yield each row's number and submission id when it was handed to the client.

        When the iterator ends, all of them are on the topic.

        `on_bad` is told of rows that no broker takes.

        Raises:
            SubmitFailed: the broker refused some, or did not answer in time.
        """
        for row in rows:
            try:
                sent = self._send(row, on_sent)
            except _TooLarge as error:
                on_bad(BadRow(f"row {row.number + 1} ({row.url[:100]})", str(error)))
                continue
            yield row.number, sent
        left = self._producer.flush(_FLUSH_SECONDS)
        if left or self._refused:
            why = self._refused[0].str() if self._refused else "no answer from the broker"
            raise SubmitFailed(
                f"not accepted: {counted(left + len(self._refused), 'row')} ({why}); "
                "repeat the command: no row is submitted twice"
            )

    def _send(self, row: SourceRow, on_sent: Callable[[], None]) -> SubmissionId:
        record = ImageSubmitted(
            url=row.url,
            source=self._source,
            alt_text=row.alt_text,
            rights=row.rights,
            fields=dict(row.fields),
            submitted_at=datetime.now(UTC),
        )

        def delivered(error: KafkaError | None, _message: KafkaMessage) -> None:
            if error is None:
                on_sent()
            else:
                self._refused.append(error)

        value, headers = self._wire.encode(record), self._headers(row, record.submitted_at)
        # One URL, one partition: submissions of the same URL are worked on in order.
        key = hashlib.sha256(row.url.encode()).hexdigest()
        while True:
            try:
                self._producer.produce(
                    self._topic, value, key, headers=headers, on_delivery=delivered
                )
            except BufferError:
                self._producer.poll(_WAIT_SECONDS)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                    raise _TooLarge(f"{len(value)} bytes, more than a message may have") from error
                raise
            else:
                break
        self._producer.poll(0)
        return submission_id(ce_source=self._identity, ce_id=_event_id(row))

    def _headers(self, row: SourceRow, time: datetime) -> list[tuple[str, str | bytes | None]]:
        return list(
            write(
                {
                    Header.SPEC: "1.0",
                    Header.ID: _event_id(row),
                    Header.SOURCE: self._identity,
                    Header.TYPE: "pixelprose.ImageSubmitted",
                    Header.TIME: time.isoformat(),
                    Header.CONTENT_TYPE: CONTENT_TYPE,
                }
            )
        )


def _event_id(row: SourceRow) -> str:
    return row.event_id or str(row.number)


def identity_of(path: Path) -> str:
    """Return the SHA-256 (hex) of a file: the same file has the same identity."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
