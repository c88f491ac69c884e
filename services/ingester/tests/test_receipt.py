from datetime import UTC, datetime

import pytest

from pixelprose.ingester.receipt import Place, Receipt, decoded, encoded
from pixelprose.ingester.refusal import Refusal
from pixelprose.records import SubmissionId
from pixelprose.streamkit import Undecodable

RECEIPT = Receipt(
    submission_id=SubmissionId("a" * 64),
    attempt=2,
    place=Place("pixelprose.images.submitted.v1", 3, 17),
    decision=Refusal("http_not_found", "status 404"),
    decided_at=datetime(2026, 11, 1, 10, 0, 0, 123456, tzinfo=UTC),
)


def test_a_receipt_is_read_as_it_was_written() -> None:
    assert decoded(encoded(RECEIPT)) == RECEIPT


def test_people_can_read_it() -> None:
    assert b'"reason":"http_not_found"' in encoded(RECEIPT)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"\xff", encoded(RECEIPT)[:-1], encoded(RECEIPT).replace(b"http_not", b"x")],
)
def test_what_is_no_receipt_is_not_taken_for_one(data: bytes) -> None:
    with pytest.raises(Undecodable, match="receipt"):
        decoded(data)
