"""From what the topics and the table hold at the demo's end to its summary."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deltalake import DeltaTable, QueryBuilder

from pixelprose.cli.local import BUCKET
from pixelprose.cli.outcomes import Outcomes
from pixelprose.cli.scenario import SCENES, Item
from pixelprose.cli.summary import Sample, Summary, records_per_second
from pixelprose.demoworld import Record, Scores, Truth, scene, truth
from pixelprose.demoworld.captions import say
from pixelprose.demoworld.summary import Graded
from pixelprose.demoworld.summary import summarise as grade_all
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
    submitted: Mapping[SubmissionId, Item], outcomes: Outcomes, rows: int, figures: Figures
) -> Summary:
    """Return the summary: ends from the topics, rows from the table, grades from the truth."""
    ends = outcomes.ends
    ended = ends.submissions()
    made = [(submitted[one.submission.submission_id], one) for one in outcomes.captions]
    scenes = [(item.seed, one) for item, one in made if item.seed is not None]
    graded = [Graded.of(_record(one), truth(scene(seed))) for seed, one in scenes]
    return Summary(
        submitted=len(submitted),
        captioned=ends.count("captioned"),
        rows=rows,
        rejections=ends.reasons("rejected"),
        dead_letters=ends.reasons("dead_letter"),
        ended_twice=len(ends.twice()),
        without_end=len(submitted.keys() - ended),
        unexpected=_unexpected(submitted, outcomes),
        seconds=round(figures.seconds, 1),
        total_seconds=round(figures.total_seconds, 1),
        records_per_second=records_per_second(_times(outcomes.captions)),
        peak_memory_bytes=figures.peak_memory_bytes,
        demo_facts=grade_all(graded) if graded else {},
        samples=[_sample(seed, one) for seed, one in scenes[:_SAMPLES]],
    )


def table_rows(access: S3Access) -> int:
    """Return how many different captions the table holds.

    Raises:
        ValueError: two rows have the same identity.
    """
    table = DeltaTable(
        f"s3://{BUCKET}/lake/captions",
        storage_options={
            "AWS_ENDPOINT_URL": access.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": access.region,
            "AWS_ACCESS_KEY_ID": access.access_key,
            "AWS_SECRET_ACCESS_KEY": access.secret_key.get_secret_value(),
        },
    )
    sql = "select count(*) as rows, count(distinct row_id) as different from captions"
    found = QueryBuilder().register("captions", table).execute(sql).read_all()
    rows, different = (int(found.column(n)[0].as_py()) for n in ("rows", "different"))
    if rows != different:
        raise ValueError(f"{rows} rows, but {different} different row ids")
    return rows


def _record(record: CaptionAnnotated) -> Record:
    caption, signals = record.caption, record.signals
    return Record(
        caption=caption.text,
        prompt=caption.prompt_id,
        hinted=caption.hint_used,
        absent=caption.absent if caption.absent_requested else None,
        scores=Scores(
            nsfw=record.screening.nsfw_score,
            watermark=signals.watermark_scores["watermark"],
            aesthetic=signals.aesthetic,
            style=signals.style,
            words=tuple(word.text for word in signals.words),
        ),
    )


def _unexpected(submitted: Mapping[SubmissionId, Item], outcomes: Outcomes) -> int:
    """Count ends of another kind than the scenario says.

    By kind and not by submission: of two URLs with the same bytes, either may own them.
    """
    expected = Counter(item.expected for item in submitted.values())
    found = Counter(
        end.reason if end.kind != "captioned" else "captioned" for end in outcomes.ends.standing()
    )
    scenes = sum(found.pop(end, 0) for end in _SCENE_ENDS)
    wrong = expected - Counter({**found, SCENES: scenes})
    return wrong.total()


def _times(records: Sequence[CaptionAnnotated]) -> dict[str, list[datetime]]:
    times: dict[str, list[datetime]] = defaultdict(list)
    for record in records:
        for hop in record.lineage:
            times[hop.service].append(hop.at)
    return times


def _sample(seed: int, record: CaptionAnnotated) -> Sample:
    shown: Truth = truth(scene(seed))
    return Sample(
        url=record.submission.url,
        caption=record.caption.text,
        absent=record.caption.absent,
        truth=f"{say(scene(seed), record.caption.prompt_id)} [watermark: {shown.watermark}]",
    )
