"""What the web may answer, and submissions that name it."""

from pixelprose.ingester.refusal import Refusal
from pixelprose.ingester.testing import NOW, NOWHERE, PAGE
from pixelprose.records import ImageSubmitted, SubmissionId, Submitted
from pixelprose.streamkit import TopicPartition

PAGES: list[bytes | Refusal] = [
    b"picture",
    b"another",
    PAGE,
    NOWHERE,
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
