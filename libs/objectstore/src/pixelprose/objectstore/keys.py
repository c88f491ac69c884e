"""Where each object lies: the only place that spells a key.

Image bytes are addressed by their own SHA-256, receipts by the submission they answer. All ids are
64 lowercase hex digits; anything else raises ValueError, so that no key is ever built from outside.
"""

import re
from typing import NewType

ObjectKey = NewType("ObjectKey", str)

_DIGEST = re.compile(r"[0-9a-f]{64}")


def quarantine_original(sha256: str) -> ObjectKey:
    """The bytes as fetched, unscreened; written by the ingester, read by nobody but it."""
    return ObjectKey(f"quarantine/{_digest(sha256)}/original")


def quarantine_rendition(sha256: str) -> ObjectKey:
    """Our own JPEG of the image, unscreened; read by the safety-filter only."""
    return ObjectKey(f"quarantine/{_digest(sha256)}/rendition.jpg")


def receipt(submission_id: str) -> ObjectKey:
    """What the ingester decided about a submission."""
    return ObjectKey(f"receipts/{_digest(submission_id)}")


def seen(sha256: str) -> ObjectKey:
    """The claim of these bytes by the submission that brought them first."""
    return ObjectKey(f"seen/{_digest(sha256)}")


def robots(origin_sha256: str) -> ObjectKey:
    """What an origin's robots.txt said, shared by ingesters; it may expire at any time."""
    return ObjectKey(f"robots/{_digest(origin_sha256)}")


def tdm_file(origin_sha256: str) -> ObjectKey:
    """What an origin's tdmrep.json said, shared by ingesters; it may expire at any time."""
    return ObjectKey(f"tdmrep/{_digest(origin_sha256)}")


def image_original(sha256: str) -> ObjectKey:
    """The bytes as fetched, of an image that passed the safety-filter."""
    return ObjectKey(f"images/{_digest(sha256)}/original")


def image_rendition(sha256: str) -> ObjectKey:
    """Our own JPEG of an image that passed the safety-filter."""
    return ObjectKey(f"images/{_digest(sha256)}/rendition.jpg")


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text):
        raise ValueError(f"not a SHA-256 in lowercase hex: {text!r}")
    return text
