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
from pixelprose.records import (
    AltTextSignals,
    Fetch,
    Image,
    ImageAnnotated,
    ImageId,
    Model,
    Rights,
    Screening,
    Sha256,
    Signals,
    Submission,
    SubmissionId,
)

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
    return ImageAnnotated(
        submission=_submission(name, url, alt_text),
        rights=Rights(),
        fetch=_fetch(url),
        image=_image(digest),
        screening=Screening(
            policy="safety",
            policy_hash="0" * 64,
            nsfw_score=0.01,
            nsfw_labels={"nsfw": 0.01},
            nsfw_model=MODEL,
            hash_lists=(),
            screened_at=NOON,
        ),
        signals=_signals(aesthetic, watermark),
    )


def _submission(name: str, url: str, alt_text: str | None) -> Submission:
    return Submission(
        submission_id=SubmissionId(sha256_of(f"submission {name}")),
        image_id=ImageId(sha256_of(url)),
        attempt=0,
        url=url,
        canonical_url=url,
        source="tests",
        alt_text=alt_text,
        alt_text_language="en" if alt_text else None,
        fields={},
        submitted_at=NOON,
    )


def _fetch(url: str) -> Fetch:
    return Fetch(
        final_url=url,
        status=200,
        redirects=(),
        address="192.0.2.1",
        content_type="image/jpeg",
        etag=None,
        last_modified=None,
        user_agent="tests",
        fetched_at=NOON,
        seconds=0.1,
        consent=(),
    )


def _image(digest: Sha256) -> Image:
    return Image(
        sha256=digest,
        bytes=1000,
        format="JPEG",
        mode="RGB",
        frames=1,
        width=48,
        height=48,
        pdq="0" * 64,
        pdq_quality=100,
        pdq_version="1",
        exif={},
        original_key=None,
        rendition_key=f"images/{digest}/rendition.jpg",
        rendition_width=48,
        rendition_height=48,
        rendition_bytes=1000,
    )


def _signals(aesthetic: float, watermark: float) -> Signals:
    return Signals(
        aesthetic=aesthetic,
        aesthetic_model=MODEL,
        watermark="none",
        watermark_scores={"watermark": watermark, "none": 1 - watermark},
        watermark_model=MODEL,
        style="photo",
        style_scores={"photo": 1.0},
        style_model=MODEL,
        words=(),
        words_model=MODEL,
        alt_text=AltTextSignals(language="en", language_score=0.9, toxicity=None, pii=()),
        language_model=MODEL,
        toxicity_model=MODEL,
        pii_model=MODEL,
        annotated_at=NOON,
    )
