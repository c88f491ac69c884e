"""The port to known-hash lists: which of them hold this image."""

from dataclasses import dataclass
from typing import Protocol

from pixelprose.records import HashList


@dataclass(frozen=True, slots=True)
class Hit:
    """A list that holds the image, and how far its nearest hash is, in bits (0 to 256)."""

    listed_in: HashList
    distance: int


class KnownHashes(Protocol):
    """Lists of hashes of images that must not be processed."""

    @property
    def lists(self) -> tuple[HashList, ...]:
        """The lists that every image is held against."""

    def hits(self, *, sha256: str, pdq: str, reach: int) -> tuple[Hit, ...]:
        """At most one hit per list: the same bytes, or a PDQ within `reach` bits.

        Raises:
            ValueError: the PDQ is not 64 hex digits.
        """
