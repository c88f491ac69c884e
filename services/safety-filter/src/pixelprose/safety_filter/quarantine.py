"""The port to quarantine: look at an image in it, and let one out."""

from collections.abc import Sequence
from typing import Protocol

from pixelprose.records import Image


class Quarantine(Protocol):
    """Where images lie until they are screened. Every call may be repeated.

    Both methods raise Unavailable when the store does not answer.
    """

    def renditions(self, images: Sequence[Image]) -> Sequence[bytes | None]:
        """Our own JPEG of each image, in order; None where it is not in quarantine."""

    def release(self, images: Sequence[Image]) -> Sequence[Image | None]:
        """Each image with the keys it has outside; None where it is not in quarantine."""
