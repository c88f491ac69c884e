"""For tests: records, pictures, and a captioner that says what it is told to."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from PIL import Image as Picture

from pixelprose.captioner.policy import Policy, read_policy
from pixelprose.captioner.port import CaptionRequest, Completion
from pixelprose.objectstore import image_rendition
from pixelprose.records import AltTextSignals, ImageAnnotated, ImageId, Model, Sha256, SubmissionId
from pixelprose.records.testing import like_example

NOON: Final = datetime(2026, 1, 2, 12, tzinfo=UTC)
MODEL: Final = Model(name="a-model", revision="r1", library="a library 1.0")
USUAL: Final = Completion("This image displays: a red circle.", 20, 9, "stop")


@dataclass
class FakeCaptioner:
    """Says `says[image]`, else the usual; or raises `error`. Keeps the requests it got."""

    says: dict[bytes, Completion] = field(default_factory=dict)
    error: Exception | None = None
    requests: list[CaptionRequest] = field(default_factory=list)
    model: Model = MODEL
    engine: str = "fake"

    def caption(self, requests: Sequence[CaptionRequest]) -> Sequence[Completion]:
        """Return what was prepared."""
        if self.error is not None:
            raise self.error
        self.requests.extend(requests)
        return [self.says.get(request.image, USUAL) for request in requests]


def sha256_of(text: str) -> Sha256:
    """Return a hash that stands for some bytes."""
    return Sha256(hashlib.sha256(text.encode()).hexdigest())


def jpeg(colour: tuple[int, int, int] = (200, 30, 30), *, side: int = 48) -> bytes:
    """Return a JPEG of one colour."""
    buffer = io.BytesIO()
    Picture.new("RGB", (side, side), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def revised(**changes: object) -> Policy:
    """Return the packaged policy with values changed; `__` stands for the dots of a path.

    Raises:
        ValidationError: the result is no policy.
    """
    document = read_policy("pixelprose").model_dump(mode="json")
    for path, value in changes.items():
        *groups, last = path.split("__")
        group: Any = document
        for name in groups:
            group = group[name]
        group[last] = value
    return Policy.model_validate(document)


def annotated(
    name: str = "a",
    *,
    alt_text: str | None = "Taj Mahal",
    aesthetic: float = 5.0,
    watermark: float = 0.1,
) -> ImageAnnotated:
    """Return an annotated image; `name` decides about its identities."""
    digest = sha256_of(name)
    url = f"http://example.org/{name}.jpg"
    return like_example(
        ImageAnnotated,
        submission={
            "submission_id": SubmissionId(sha256_of(f"submission {name}")),
            "image_id": ImageId(sha256_of(url)),
            "source": "tests",
            "url": url,
            "canonical_url": url,
            "alt_text": alt_text,
            "alt_text_language": "en" if alt_text else None,
        },
        image={"sha256": digest, "rendition_key": image_rendition(digest)},
        signals={
            "alt_text": AltTextSignals(language="en", language_score=0.9, toxicity=None, pii=()),
            "aesthetic": aesthetic,
            "watermark_scores": {"watermark": watermark, "none": 1 - watermark},
        },
        lineage=(),
    )
