"""The smallest codec: a record is a text."""

from pixelprose.streamkit.errors import Undecodable
from pixelprose.streamkit.log import Message, Outgoing
from pixelprose.streamkit.outcome import Reject


class TextCodec:
    """Outputs go to `out` and rejections to `rejected`, under the key of their cause."""

    def decode(self, message: Message) -> str:
        """Return the text."""
        try:
            return message.value.decode()
        except UnicodeDecodeError as error:
            raise Undecodable("not UTF-8") from error

    def encode(self, record: str, cause: Message) -> Outgoing:
        """Return the text as an output."""
        return Outgoing("out", cause.key, record.encode(), cause.headers)

    def reject(self, rejected: Reject[str], record: str, cause: Message) -> Outgoing:
        """Return reason and text as a rejection."""
        return Outgoing("rejected", cause.key, f"{rejected.reason}:{record}".encode())
