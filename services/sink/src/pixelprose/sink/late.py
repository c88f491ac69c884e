"""Records that wait for their commit as the bytes that they are."""

from typing import Any

from pixelprose.sink.codec import RowCodec
from pixelprose.sink.row import Row
from pixelprose.streamkit import Emit, Message, Outcome, Reject


class LateCodec:
    """Leaves records of our own schema as they came until their commit.

    So they wait as the bytes that they are, and are read together. Records of other schemas are
    read at once, one by one.
    """

    def __init__(self, rows: RowCodec[Any], prefix: bytes) -> None:
        self._rows = rows
        self._prefix = prefix

    def decode(self, message: Message) -> Message | Row:
        """Return the message itself, or the row of another schema's record.

        Raises:
            Undecodable: the bytes are not that record.
        """
        if message.value.startswith(self._prefix):
            return message
        return self._rows.encode(self._rows.decode(message), message)

    def encode(self, record: Message | Row, cause: Message) -> Message | Row:  # noqa: ARG002 - a Codec has it
        """Return what waits for the commit."""
        return record

    def reject(
        self,
        rejected: Reject[Message | Row],  # noqa: ARG002 - a Codec has it
        record: Message | Row,  # noqa: ARG002 - a Codec has it
        cause: Message,  # noqa: ARG002 - a Codec has it
    ) -> Row:
        """Refuse: what reached the sink has ended already.

        Raises:
            TypeError: always.
        """
        raise TypeError("the sink rejects nothing")


def keep(waiting: Message | Row) -> Outcome[Message | Row]:
    """Every record becomes a row."""
    return Emit((waiting,))
