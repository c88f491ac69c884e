"""The views in DuckDB: how every submission ended is one query."""

from collections.abc import Sequence
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pytest

from pixelprose.curator.testing import NOON, a_caption, a_dead_letter, a_duplicate, digest
from pixelprose.lake import (
    CAPTIONS,
    CAPTIONS_CURRENT,
    DEAD_LETTERS,
    REJECTIONS,
    SUBMISSION_ENDS,
    CaptionRow,
    DeadLetterRow,
    RejectionRow,
)

POLICY, OTHER = digest("policy"), digest("other policy")


def captioned(submission: str, attempt: int = 0, policy: str = POLICY) -> CaptionRow:
    row_id = digest("row", submission, attempt, policy)
    return a_caption(
        1, submission_id=submission, attempt=attempt, policy_hash=policy, row_id=row_id
    )


def rejected(submission: str, attempt: int = 0, **changed: object) -> RejectionRow:
    given = {"reason": "timeout", "duplicate_of": None, "policy_hash": None, **changed}
    return msgspec.structs.replace(
        a_duplicate(1, "nobody"),
        submission_id=submission,
        attempt=attempt,
        row_id=digest("rejection", submission, attempt, given["policy_hash"]),
        **given,
    )


def dead(submission: str, attempt: int = 0) -> DeadLetterRow:
    return msgspec.structs.replace(a_dead_letter(0, 1), submission_id=submission, attempt=attempt)


def asked(view: str, *rows: CaptionRow | RejectionRow | DeadLetterRow) -> list[dict[str, Any]]:
    engine = duckdb.connect()
    for spec in (CAPTIONS, REJECTIONS, DEAD_LETTERS):
        engine.register(spec.name, spec.arrow([row for row in rows if type(row) is spec.row]))
    found: pa.Table = engine.sql(view).to_arrow_table()
    return found.to_pylist()


def ends(*rows: CaptionRow | RejectionRow | DeadLetterRow) -> list[tuple[str, int, str, str]]:
    """Submission, attempt, state and reason of every end."""
    return sorted(
        (end["submission_id"], end["attempt"], end["state"], end["reason"] or "")
        for end in asked(SUBMISSION_ENDS, *rows)
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([captioned("a")], [("a", 0, "captioned", "")]),
        ([rejected("a")], [("a", 0, "rejected", "timeout")]),
        ([dead("a")], [("a", 0, "dead_letter", "undecodable")]),
        ([rejected("a"), captioned("a", 1)], [("a", 1, "captioned", "")]),
        (
            [captioned("a"), dead("a", 1)],
            [("a", 0, "captioned", ""), ("a", 1, "dead_letter", "undecodable")],
        ),
        (
            [captioned("a"), rejected("a", 1, reason="toxic", policy_hash=POLICY)],
            [("a", 1, "rejected", "toxic")],
        ),
        (
            [captioned("a"), rejected("a", reason="cut_off", policy_hash=OTHER)],
            [("a", 0, "captioned", ""), ("a", 0, "rejected", "cut_off")],
        ),
    ],
    ids=[
        "a caption",
        "a rejection",
        "a dead letter",
        "a retry that went well",
        "a retry that died before any policy",
        "a redrive that went badly",
        "two policies",
    ],
)
def test_every_end_is_its_policy_s_highest_attempt(
    rows: Sequence[CaptionRow | RejectionRow | DeadLetterRow],
    expected: list[tuple[str, int, str, str]],
) -> None:
    assert ends(*rows) == expected


def test_a_caption_that_came_out_as_an_earlier_attempt_s_stays_captioned() -> None:
    again = rejected("a", 1, reason="duplicate_row", policy_hash=POLICY, duplicate_of="a")
    assert ends(captioned("a"), again) == [("a", 1, "captioned", "duplicate_row")]


def test_a_caption_that_another_submission_has_is_a_rejection() -> None:
    other = rejected("b", 1, reason="duplicate_row", policy_hash=POLICY, duplicate_of="a")
    assert ends(captioned("a"), other) == [
        ("a", 0, "captioned", ""),
        ("b", 1, "rejected", "duplicate_row"),
    ]


def test_the_current_caption_of_an_image_is_one() -> None:
    (found,) = asked(CAPTIONS_CURRENT, captioned("a"), captioned("a", 1), captioned("a", 0, OTHER))
    assert found["submission_id"] == "a"
    assert found["ingested_at"] >= NOON
