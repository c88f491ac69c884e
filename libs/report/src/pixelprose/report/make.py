"""A report from beginning to end: look, draw, fetch pictures, write one file."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pixelprose.curator import Lake
from pixelprose.curator.export import Rows
from pixelprose.curator.where import check_where
from pixelprose.report.cards import Card, card
from pixelprose.report.draw import Drawn, draw
from pixelprose.report.ends import End, ends
from pixelprose.report.masking import personal_boxes
from pixelprose.report.page import Contents, render
from pixelprose.report.pictures import NoPicture, Wanted, pictures
from pixelprose.report.request import Request
from pixelprose.report.survey import survey

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a report shows, in figures.

    Attributes:
        captions: rows that fit the filter.
        sources: their number by source.
        pictures: how many are shown.
        missing_pictures: captions shown whose picture is gone from the store, or broken.
        withheld: captions passed over, since their picture must not be seen.
    """

    path: str
    size_bytes: int
    version: int | None
    where: str | None
    seed: int
    captions: int
    sources: dict[str, int]
    pictures: int
    missing_pictures: int
    withheld: int
    ends: Sequence[End]


def make_report(
    lake: Lake, request: Request, path: Path, *, now: datetime, on_progress: Progress
) -> Summary:
    """Write the report of a lake as one HTML file, whole or not at all.

    A table that is empty, or not there beside others, makes a page that says so.

    Raises:
        WrongRequest: the filter is wrong.
        LakeError: there is no table, or a table can't be read.
        StoreError: the store does not answer, or refuses us.
        OSError: the file can't be written.
    """
    tables = {table.name: table for table in lake.tables()}
    captions = tables.get("captions")
    stored = sum(file.rows for file in captions.files()) if captions else 0
    found, drawn = None, Drawn((), 0)
    if captions is not None:
        check_where(captions, request.where)
        found = survey(captions, request, lambda rows: on_progress("Counting", rows, stored))
        on_progress("Drawing", 0, request.sample)
        drawn = draw(captions, tables.get("rejections"), request)
        on_progress("Drawing", len(drawn.rows), len(drawn.rows))
    cards = _cards(lake, drawn, on_progress)
    contents = Contents(
        where_it_is=f"s3://{lake.settings.bucket}/lake",
        version=captions.version if captions else None,
        made_at=now,
        request=request,
        command=_command(request),
        stored=stored,
        survey=found,
        ends=ends(list(tables.values())),
        cards=cards,
        withheld=drawn.withheld,
    )
    return _summary(contents, path, _write(path, render(contents)))


def _cards(lake: Lake, drawn: Drawn, on_progress: Progress) -> Sequence[Card]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        on_progress("Pictures", done, len(drawn.rows))

    wanted = [Wanted(row.sha256, personal_boxes(row.signals.words)) for row in drawn.rows]
    seen = pictures(lake.store, wanted, count)
    return [
        card(number, row, picture)
        for number, (row, picture) in enumerate(zip(drawn.rows, seen, strict=True), 1)
    ]


def _write(path: Path, page: str) -> int:
    data = page.encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(data)
    partial.rename(path)
    return len(data)


def _command(request: Request) -> str:
    words = ["pixelprose", "report", "--seed", str(request.seed), "--sample", str(request.sample)]
    if request.rows is not Rows.CURRENT:
        words += ["--rows", request.rows.value]
    if request.where:
        words += ["--where", request.where]
    return shlex.join(words)


def _summary(contents: Contents, path: Path, size: int) -> Summary:
    request, found = contents.request, contents.survey
    return Summary(
        path=str(path),
        size_bytes=size,
        version=contents.version,
        where=request.where,
        seed=request.seed,
        captions=found.rows if found else 0,
        sources=dict(found.tallies["sources"].counts) if found else {},
        pictures=len(contents.cards),
        missing_pictures=sum(isinstance(one.picture, NoPicture) for one in contents.cards),
        withheld=contents.withheld,
        ends=contents.ends,
    )
