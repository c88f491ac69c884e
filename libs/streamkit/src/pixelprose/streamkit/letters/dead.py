"""Dead letters: the original bytes with where, why and who beside them."""

from collections.abc import Callable
from datetime import UTC, datetime

from pixelprose.streamkit.log import Message, Outgoing

LONGEST_TEXT = 2_000
"""Characters of an error text that are kept."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class DeadLetters:
    """Makes the dead letters of one service; each goes to `<topic>.<service>.dlq`."""

    def __init__(
        self, service: str, *, version: str, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._service = service
        self._version = version
        self._now = now

    def of(self, message: Message, reason: str, *, error_class: str, error_text: str) -> Outgoing:
        """The original key, value and headers of `message`; then ours, all text in UTF-8."""
        ours = {
            "dlq_topic": message.at.topic,
            "dlq_partition": str(message.at.partition),
            "dlq_offset": str(message.offset),
            "dlq_reason": reason,
            "dlq_error_class": error_class,
            "dlq_error_text": error_text[:LONGEST_TEXT],
            "dlq_service": self._service,
            "dlq_service_version": self._version,
            "dlq_at": self._now().isoformat(),
        }
        return Outgoing(
            topic=f"{message.at.topic}.{self._service}.dlq",
            key=message.key,
            value=message.value,
            headers=(
                *message.headers,
                *((name, text.encode(errors="replace")) for name, text in ours.items()),
            ),
        )
