"""A probe: what a sample took, read from the tables that it became.

The tables have what is needed for every deployment alike, a laptop's or a cluster's: how each
submission ended, when each stage was done with it, and how large it is.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pixelprose.cli.errors import CommandError, WrongUsage
from pixelprose.cli.plan.figures import Figure, Figures
from pixelprose.records.counted import counted

_LEAST: Final = 30
"""Submissions: fewer say nothing about shares."""


class StageProbe(BaseModel):
    """How many records a stage handled, and in how many seconds.

    Of the captioner these are seconds of work, shared out over each batch; of all others the time
    from the first record to the last, in which they may have waited: their rates are at least so
    high.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    records: int
    seconds: float = Field(ge=0)


class Probe(BaseModel):
    """What was measured. `processes` of each stage ran, but for the captioner, counted singly."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    measured_at: datetime
    dataset: str | None
    captioner: str | None
    submitted: int
    fetched: int
    annotated: int
    asked: int
    captioned: int
    reasons: dict[str, int]
    dead_letters: int
    processes: int
    stages: dict[str, StageProbe]
    bytes: dict[str, float]
    redirects: float

    def figures(self) -> Figures:
        """Return what this says; shares of nothing, and rates of no time, say nothing."""
        found = {
            "share.fetched": _ratio(self.fetched, self.submitted),
            "share.screened": _ratio(self.annotated, self.fetched),
            "share.asked": _ratio(self.asked, self.annotated),
            "share.captioned": _ratio(self.captioned, self.asked),
            "redirects": self.redirects,
            **{f"bytes.{name}": value for name, value in self.bytes.items()},
        }
        for name, stage in self.stages.items():
            many = 1 if name == "captioner" else self.processes
            found[f"rate.{name}"] = _ratio(stage.records, stage.seconds * many)
        return {
            name: Figure(value, "measured") for name, value in found.items() if value is not None
        }


class Rows(Protocol):
    """A table to ask, as `t`."""

    def records(self, sql: str) -> list[dict[str, Any]]:
        """Return what a query finds."""


def measure(
    tables: Mapping[str, Rows],
    row_bytes: Mapping[str, float],
    *,
    dataset: str | None,
    processes: int,
    now: datetime,
) -> Probe:
    """Return what the rows of a data set, or all rows, say; only first attempts count.

    `row_bytes` is the mean size of a row of each table, in its files.

    Raises:
        CommandError: too few submissions have ended.
    """
    where = "attempt = 0" + (f" and dataset = '{_quoted(dataset)}'" if dataset else "")
    images = _one(tables, "images", _IMAGES, where)
    captions = _one(tables, "captions", _CAPTIONS, where)
    rejected = _rejections(tables, where)
    dead = _one(tables, "dead_letters", "count(distinct submission_id) as n", "attempt = 0")["n"]
    at = {stage: sum(n for (s, _), n in rejected.items() if s == stage) for stage in _REJECTING}
    submitted = images["n"] + at["ingester"] + at["safety-filter"]
    if submitted < _LEAST:
        raise CommandError(
            f"{counted(submitted, 'submission')} ended, and {_LEAST} are needed; submit a sample "
            "of some hundred URLs, drawn at random, and wait for its end"
        )
    unasked = sum(
        n for (s, reason), n in rejected.items() if s == "captioner" and reason in _UNASKED
    )
    fetched = submitted - at["ingester"]
    return Probe(
        measured_at=now,
        dataset=dataset,
        captioner=captions["model"],
        submitted=submitted,
        fetched=fetched,
        annotated=images["n"],
        asked=captions["n"] + at["captioner"] - unasked,
        captioned=captions["n"],
        reasons={f"{stage}: {reason}": n for (stage, reason), n in sorted(rejected.items())},
        dead_letters=dead,
        processes=processes,
        stages=_stages(images, captions, submitted=submitted, fetching=_fetching(tables, where)),
        bytes=_sizes(images, row_bytes),
        redirects=images["redirects"] or 0.0,
    )


def read_probe(path: Path) -> Probe:
    """Return a probe that was saved.

    Raises:
        WrongUsage: there is none, or it is none.
    """
    try:
        return Probe.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, ValidationError) as error:
        raise WrongUsage(f"{path} is no probe: {error}") from error


def _seconds(first: str, last: str) -> str:
    span = f"max({last}) - min({first})"
    return f"coalesce(date_part('epoch', {span}), 0.0)"


_FETCHED: Final = "source['fetch']['fetched_at']"
_SCREENED: Final = "safety['screened_at']"
_ANNOTATED: Final = "signals['annotated_at']"
_IMAGES: Final = (
    "count(*) as n, avg(image['bytes']) as original, avg(image['rendition_bytes']) as rendition, "
    "avg(coalesce(array_length(source['fetch']['redirects']), 0)) as redirects, "
    f"{_seconds(_SCREENED, _SCREENED)} as screening, "
    f"{_seconds(_ANNOTATED, _ANNOTATED)} as annotating"
)
_CAPTIONS: Final = (
    "count(*) as n, coalesce(sum(caption['seconds']), 0.0) as seconds, "
    "max(caption['model']['name']) as model"
)
_REJECTING: Final = ("ingester", "safety-filter", "captioner")
_UNASKED: Final = frozenset({"not_selected", "image_missing"})
_ROWS: Final = {"images": "image_row", "captions": "caption_row", "rejections": "rejection_row"}


def _one(tables: Mapping[str, Rows], name: str, what: str, where: str) -> dict[str, Any]:
    [found] = tables[name].records(f"select {what} from t where {where}")  # noqa: S608 - our own columns; the data set's name is quoted
    return found


def _rejections(tables: Mapping[str, Rows], where: str) -> dict[tuple[str, str], int]:
    sql = f"select stage, reason, count(*) as n from t where {where} group by 1, 2"  # noqa: S608 - as above
    return {(row["stage"], row["reason"]): row["n"] for row in tables["rejections"].records(sql)}


def _stages(
    images: Mapping[str, Any], captions: Mapping[str, Any], *, submitted: int, fetching: float
) -> dict[str, StageProbe]:
    return {
        "ingester": StageProbe(records=submitted, seconds=fetching),
        "safety-filter": StageProbe(records=images["n"], seconds=images["screening"]),
        "annotator": StageProbe(records=images["n"], seconds=images["annotating"]),
        "captioner": StageProbe(records=captions["n"], seconds=captions["seconds"]),
    }


def _sizes(images: Mapping[str, Any], row_bytes: Mapping[str, float]) -> dict[str, float]:
    of_images = {name: images[name] for name in ("original", "rendition") if images[name]}
    of_rows = {_ROWS[name]: size for name, size in row_bytes.items() if name in _ROWS and size}
    return {**of_images, **of_rows}


def _fetching(tables: Mapping[str, Rows], where: str) -> float:
    """Seconds from the first submission to the last end of the ingester."""
    asked = f"min(source['submitted_at']) as first, max({_FETCHED}) as last"
    images = _one(tables, "images", asked, where)
    said = "min(source['submitted_at']) as first, max(rejected_at) as last"
    no = _one(tables, "rejections", said, f"{where} and stage = 'ingester'")
    firsts = [one["first"] for one in (images, no) if one["first"] is not None]
    lasts = [one["last"] for one in (images, no) if one["last"] is not None]
    if not firsts or not lasts:
        return 0.0
    return float((max(lasts) - min(firsts)).total_seconds())


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
