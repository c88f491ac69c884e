"""The seam to the records: bytes to typed records and back."""

from typing import Protocol, TypeVar

from pixelprose.streamkit.log import Message
from pixelprose.streamkit.outcome import Reject

I = TypeVar("I")  # noqa: E741 - input, as in every generic of this library
O_contra = TypeVar("O_contra", contravariant=True)
P_co = TypeVar("P_co", covariant=True)


class Codec(Protocol[I, O_contra, P_co]):
    """Knows the record of a topic and the topic of a record."""

    def decode(self, message: Message) -> I:
        """Return the record.

        Raises:
            Undecodable: the bytes are not that record.
        """

    def encode(self, record: O_contra, cause: Message) -> P_co:
        """Return the output for `record`, which came of `cause` (its headers carry on)."""

    def reject(self, rejected: Reject[O_contra], record: I, cause: Message) -> P_co:
        """Return the rejection of `record`; what is in `rejected.also` is encoded by itself."""
