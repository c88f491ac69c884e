"""Identities: who is the same as whom, as hashes that every process computes alike."""

import hashlib
from collections.abc import Iterable

from pixelprose.records.groups import ImageId, Model, RowId, Sha256, SubmissionId


def _digest(parts: Iterable[str]) -> str:
    # Lengths go in, so that ("ab", "c") and ("a", "bc") differ.
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()


def submission_id(*, ce_source: str, ce_id: str) -> SubmissionId:
    """Return the identity of a submission that carries CloudEvents attributes."""
    return SubmissionId(_digest(("event", ce_source, ce_id)))


def submission_id_at(*, cluster: str, topic: str, partition: int, offset: int) -> SubmissionId:
    """Return the identity of a submission known by its position alone."""
    return SubmissionId(_digest(("position", cluster, topic, str(partition), str(offset))))


def image_id(canonical_url: str) -> ImageId:
    """Return the key of an image: SHA-256 (hex) of its canonical URL."""
    return ImageId(hashlib.sha256(canonical_url.encode()).hexdigest())


def row_id(sha256: Sha256, policy_hash: str, model: Model) -> RowId:
    """Return the identity of a caption of these bytes under this policy by this model."""
    return RowId(_digest((sha256, policy_hash, model.name, model.revision)))
