"""A web in a dict, and submissions that name it."""

from datetime import UTC, datetime

from pixelprose.ingester.decode import Decoded
from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.sources import Origin
from pixelprose.records import Fetch, ImageSubmitted, SubmissionId, Submitted
from pixelprose.streamkit import TopicPartition

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAGES: list[bytes | Refusal] = [
    b"picture",
    b"another",
    b"page",
    Refusal("http_not_found", "status 404"),
]
URLS = ["http://example.com/a", "http://example.com/b"]


def submitted(who: int, *, attempt: int, offset: int) -> Submitted:
    url = URLS[who % len(URLS)]
    return Submitted(
        record=ImageSubmitted(url=url, source="test", submitted_at=NOW),
        submission_id=SubmissionId(str(who) * 64),
        attempt=attempt,
        at=TopicPartition("submitted", offset % 2),
        offset=offset,
    )


def facts(url: Origin) -> Fetch:
    return Fetch(
        final_url=str(url),
        status=200,
        redirects=(),
        address="192.0.2.1",
        content_type=None,
        etag=None,
        last_modified=None,
        user_agent="test",
        fetched_at=NOW,
        seconds=0.5,
        consent=(),
    )


async def decode(data: bytes) -> Decoded | Refusal:
    """Every body is an image but one."""
    if data == b"page":
        return Refusal("not_an_image", "a page")
    return Decoded(
        format="PNG",
        mode="RGB",
        frames=1,
        width=100,
        height=80,
        pdq="0" * 64,
        pdq_quality=100,
        pdq_version="pdqhash 1",
        exif={},
        rendition=b"rendition of " + data,
        rendition_width=100,
        rendition_height=80,
    )
