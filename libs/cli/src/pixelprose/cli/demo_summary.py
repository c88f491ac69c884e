"""From what the topics and the table hold at the demo's end to its summary."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder

from pixelprose.cli.local import BUCKET
from pixelprose.cli.outcomes import Outcomes
from pixelprose.cli.scenario import SCENES, Item
from pixelprose.cli.summary import Sample, Summary, records_per_second
from pixelprose.demoworld import describe, grade_captions
from pixelprose.embedded import S3Access
from pixelprose.records import CaptionAnnotated, SubmissionId

_SAMPLES = 4
_SCENE_ENDS = frozenset({"captioned", "not_selected"})


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured while it ran."""

    seconds: float
    total_seconds: float
    peak_memory_bytes: int


def summarise(
    submitted: Mapping[SubmissionId, Item],
    outcomes: Outcomes,
    access: S3Access,
    figures: Figures,
) -> Summary:
    """Return the summary: ends from the topics, rows from the table, grades from the truth."""
    ends = outcomes.ends
    ended = {submission for submission, _ in ends.by_try}
    scenes = [
        (item, record)
        for record in outcomes.captions
        if (item := submitted[record.submission.submission_id]).seed is not None
    ]
    return Summary(
        submitted=len(submitted),
        captioned=ends.count("captioned"),
        rows=_rows(access),
        rejections=ends.reasons("rejected"),
        dead_letters=ends.reasons("dead_letter"),
        ended_twice=len(ends.twice()),
        without_end=len(submitted.keys() - ended),
        unexpected=_unexpected(submitted, outcomes),
        seconds=round(figures.seconds, 1),
        total_seconds=round(figures.total_seconds, 1),
        records_per_second=records_per_second(_times(outcomes.captions)),
        peak_memory_bytes=figures.peak_memory_bytes,
        demo_facts=grade_captions(
            (item.seed, record.caption.text, record.caption.absent) for item, record in scenes
        ),
        samples=[_sample(item, record) for item, record in scenes[:_SAMPLES]],
    )
