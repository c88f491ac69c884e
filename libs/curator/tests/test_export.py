"""Exports of real tables: the same bytes each time, whatever happens in between."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from webdataset.tariterators import (  # type: ignore[import-untyped]
    group_by_keys,
    tar_file_expander,
)

from pixelprose.curator import LakeError
from pixelprose.curator.export import AuthorKey, Export, Format, Request, Rows
from pixelprose.curator.export.journal import JOURNAL, Journal
from pixelprose.curator.testing import SOURCES, SmallLake, a_caption, digest
from pixelprose.lake import CAPTIONS, CaptionRow

pytestmark = pytest.mark.real

ROWS = 24
KEY = AuthorKey(b"sixteen bytes or more")
FORMATS = list(Format)

# PixelProse's columns and types, as released (the paper's data set, not our table of counterparts).
RELEASED = [
    *[(name, pa.string()) for name in ("uid", "url", "key", "status")],
    *[(name, pa.string()) for name in ("original_caption", "vlm_model", "vlm_caption")],
    *[(name, pa.float64()) for name in ("toxicity", "severe_toxicity", "obscene")],
    *[(name, pa.float64()) for name in ("identity_attack", "insult", "threat", "sexual_explicit")],
    ("watermark_class_id", pa.float64()),
    ("watermark_class_score", pa.float64()),
    ("aesthetic_score", pa.float64()),
    ("error_message", pa.null()),
    *[(name, pa.int64()) for name in ("width", "height", "original_width", "original_height")],
    *[(name, pa.string()) for name in ("exif", "sha256", "image_id", "author")],
    ("subreddit", pa.int64()),
    ("score", pa.int64()),
]


def a_request(small: SmallLake, **changed: Any) -> Request:  # noqa: ANN401 - a request's fields
    request = Request(
        format=Format.JSONL,
        version=small.lake.open("captions").version,
        where=None,
        rows=Rows.CURRENT,
        shard_rows=3,
        author_key=None,
    )
    return Request(**{**request.document(), **changed})


def export(
    small: SmallLake,
    folder: Path,
    key: AuthorKey | None = None,
    **changed: Any,  # noqa: ANN401 - a request's fields
) -> Mapping[str, Any]:
    request = a_request(small, author_key=key.fingerprint if key else None, **changed)
    table = small.lake.open("captions", version=request.version)
    return Export(table, request, folder, key).run(lambda _done, _total: None)


def checksums(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != JOURNAL
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_gives_the_same_bytes_each_time(
    full: SmallLake, tmp_path: Path, format_: Format
) -> None:
    manifest = export(full, tmp_path / "one", format=format_)
    export(full, tmp_path / "two", format=format_)
    assert checksums(tmp_path / "one") == checksums(tmp_path / "two")
    assert manifest["rows"] == ROWS
    assert manifest["sources"] == dict.fromkeys(sorted(SOURCES), 8)
    assert {file["name"]: file["sha256"] for file in manifest["files"]} == {
        name: value
        for name, value in checksums(tmp_path / "one").items()
        if name != "manifest.json"
    }


def test_compaction_does_not_change_what_is_exported(small: SmallLake, tmp_path: Path) -> None:
    small.captions(range(6), range(6, 12))
    before = export(small, tmp_path / "before")
    small.lake.open("captions").handle.optimize.compact()
    after = export(small, tmp_path / "after")
    assert after["request"]["version"] > before["request"]["version"]
    assert after["files"] == before["files"]


KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from pixelprose.curator import Lake
from pixelprose.curator.export import Export, Request
from pixelprose.objectstore import StoreSettings

store, request, folder, rows = sys.argv[1:]
lake = Lake(StoreSettings.model_validate_json(store))
request = msgspec.json.decode(request, type=Request)

def die(done, total):
    if done >= int(rows):
        (Path(folder) / "half.partial").write_bytes(b"torn")
        os.kill(os.getpid(), signal.SIGKILL)

Export(lake.open("captions", version=request.version), request, Path(folder), None).run(die)
"""


@pytest.mark.parametrize("format_", FORMATS)
def test_a_killed_export_goes_on_to_the_same_bytes(
    full: SmallLake, tmp_path: Path, format_: Format
) -> None:
    request = a_request(full, format=format_)
    store = full.settings.model_dump(mode="json")
    store["secret_key"] = full.settings.secret_key.get_secret_value()
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            KILLED,
            json.dumps(store),
            msgspec.json.encode(request).decode(),
            tmp_path / "killed",
            "9",
        ],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    finished = {file: file.stat().st_ino for file in (tmp_path / "killed").glob("*-00000[01].*")}
    export(full, tmp_path / "killed", format=format_)
    export(full, tmp_path / "whole", format=format_)
    found = checksums(tmp_path / "killed")
    del found["half.partial"]
    assert found == checksums(tmp_path / "whole")
    assert {file: file.stat().st_ino for file in finished} == finished


def test_a_stopped_export_goes_on_at_any_shard(full: SmallLake, tmp_path: Path) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done and done < total:
            raise Stopped

    request = a_request(full, shard_rows=5)
    table = full.lake.open("captions")
    told: list[tuple[int, int]] = []
    with pytest.raises(Stopped):
        Export(table, request, tmp_path / "stopped", None).run(stop)
    Export(table, request, tmp_path / "stopped", None).run(lambda *now: told.append(now))
    # Three sources of 8 rows, in shards of 5 and 3; what was done before counts as done.
    assert told == [(done, ROWS) for done in (5, 8, 13, 16, 21, 24)]
    export(full, tmp_path / "whole", shard_rows=5)
    assert checksums(tmp_path / "stopped") == checksums(tmp_path / "whole")


@pytest.mark.parametrize("kept_lines", [0, 1, 9], ids=["request", "first", "last"])
def test_an_export_whose_journal_was_torn_twice_goes_on_to_the_same_bytes(
    full: SmallLake, tmp_path: Path, kept_lines: int
) -> None:
    export(full, tmp_path)
    whole = checksums(tmp_path)
    journal = tmp_path / JOURNAL
    for torn_at in (kept_lines, -1, None):
        lines = journal.read_bytes().splitlines(keepends=True)
        if torn_at is not None:
            journal.write_bytes(b"".join(lines[:torn_at]) + lines[torn_at][:-3])
        if torn_at == 0:
            for file in whole:
                (tmp_path / file).unlink()  # no shard is there before the request is
        export(full, tmp_path)
        assert checksums(tmp_path) == whole


def test_a_journal_torn_at_any_byte_takes_further_lines(tmp_path: Path) -> None:
    request = Request(
        format=Format.JSONL, version=1, where="é", rows=Rows.ALL, shard_rows=1, author_key=None
    )
    first, *later = ({"name": name, "bytes": 1} for name in ("á", "b", "c"))
    for entry in (first, *later):
        (tmp_path / str(entry["name"])).write_bytes(b"x")
    journal = Journal(tmp_path / JOURNAL)
    journal.begin(request)
    journal.add(first)
    written = journal.path.read_bytes()
    begun_at = written.index(b"\n") + 1
    for torn in range(len(written)):
        journal.path.write_bytes(written[:torn])
        assert journal.request() == (request.document() if torn >= begun_at else None)
        assert journal.entries() == []
        if torn < begun_at:
            journal.begin(request)
        for entry in later:
            journal.add(entry)
        assert journal.request() == request.document()
        assert journal.entries() == later


def test_a_lost_shard_is_written_again(full: SmallLake, tmp_path: Path) -> None:
    export(full, tmp_path)
    before = checksums(tmp_path)
    (tmp_path / "redcaps-000001.jsonl").unlink()
    export(full, tmp_path)
    assert checksums(tmp_path) == before


def test_a_folder_takes_one_export_alone(full: SmallLake, tmp_path: Path) -> None:
    export(full, tmp_path)
    with pytest.raises(LakeError, match=r"another export \(where: None\)"):
        export(full, tmp_path, where="attempt = 0")


def test_a_folder_with_other_files_is_left_alone(full: SmallLake, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(LakeError, match="not empty"):
        export(full, tmp_path)


def test_a_filter_chooses_rows(full: SmallLake, tmp_path: Path) -> None:
    manifest = export(full, tmp_path, where="dataset = 'redcaps' or row_id < '4'")
    lines = [
        json.loads(line)
        for file in tmp_path.glob("*.jsonl")
        if file.name != JOURNAL
        for line in file.read_text().splitlines()
    ]
    assert lines
    assert all(row["dataset"] == "redcaps" or row["row_id"] < "4" for row in lines)
    expected = [n for n in range(ROWS) if n % 3 == 1 or digest("row", n) < "4"]
    assert manifest["rows"] == len(expected)


@pytest.mark.parametrize(
    ("where", "named"),
    [("toxicty > 1", "toxicty"), ("dataset = 'a", "Unterminated"), ("caption['txt'] = ''", "txt")],
)
def test_a_bad_filter_is_refused_by_name(
    full: SmallLake, tmp_path: Path, where: str, named: str
) -> None:
    with pytest.raises(LakeError, match=named) as refused:
        export(full, tmp_path, where=where)
    assert "the filter" in str(refused.value)


def test_only_current_captions_go_out_unless_all_are_asked_for(
    small: SmallLake, tmp_path: Path
) -> None:
    small.captions(range(3))
    first = a_caption(0)
    caption = msgspec.structs.replace(
        first.caption, generated_at=first.caption.generated_at.replace(year=2030), text="Better."
    )
    lineage = msgspec.structs.replace(first.lineage, offset=999)
    better = msgspec.structs.replace(
        first, row_id="f" * 64, policy_hash="another", caption=caption, lineage=lineage
    )
    small.append(CAPTIONS, [better])
    current = export(small, tmp_path / "current")
    every = export(small, tmp_path / "every", rows=Rows.ALL)
    assert (current["rows"], every["rows"]) == (3, 4)
    text = "".join(file.read_text() for file in (tmp_path / "current").glob("cc12m-*.jsonl"))
    assert first.row_id not in text
    assert better.row_id in text


def test_pixelprose_28_has_the_released_columns(full: SmallLake, tmp_path: Path) -> None:
    export(full, tmp_path, format=Format.PIXELPROSE_28, where="dataset = 'cc12m'", shard_rows=100)
    table = pq.read_table(tmp_path / "vlm_captions_cc12m_00.parquet")
    assert [(field.name, field.type) for field in table.schema] == RELEASED


TOXICITY = ["toxicity", "severe_toxicity", "obscene", "identity_attack"]
TOXICITY += ["insult", "threat", "sexual_explicit"]
WATERMARKS = {"watermark": 0.0, "none": 1.0, "text": 2.0}


def unmistakable(number: int, watermark: str) -> CaptionRow:
    """A caption with another value in each column."""
    row = a_caption(number)
    toxicity = {name: 0.01 * at for at, name in enumerate(TOXICITY, 1)}
    annotation = msgspec.structs.replace(
        row.annotation, toxicity=msgspec.structs.replace(row.annotation.toxicity, **toxicity)
    )
    signals = msgspec.structs.replace(
        row.signals,
        watermark=watermark,
        watermark_scores={"watermark": 0.7, "none": 0.6, "text": 0.5},
    )
    return msgspec.structs.replace(row, annotation=annotation, signals=signals)


def released(row: CaptionRow) -> dict[str, object]:
    """What the release says of a row that names no author, but for its EXIF."""
    return {
        "uid": row.image_id,
        "url": row.source.url,
        "key": row.row_id[:9],
        "status": "success",
        "original_caption": row.source.alt_text,
        "vlm_model": row.caption.model.name,
        "vlm_caption": row.caption.text,
        **{name: getattr(row.annotation.toxicity, name) for name in TOXICITY},
        "watermark_class_id": WATERMARKS[row.signals.watermark],
        "watermark_class_score": row.signals.watermark_scores[row.signals.watermark],
        "aesthetic_score": row.signals.aesthetic,
        "error_message": None,
        "width": row.image.rendition_width,
        "height": row.image.rendition_height,
        "original_width": row.image.width,
        "original_height": row.image.height,
        "sha256": row.sha256,
        "image_id": None,
        "author": None,
        "subreddit": -1,
        "score": -1,
    }


def test_each_of_the_28_columns_says_what_the_release_says_there(
    small: SmallLake, tmp_path: Path
) -> None:
    rows = {row.image_id: row for row in map(unmistakable, (0, 3, 6), WATERMARKS)}
    small.append(CAPTIONS, list(rows.values()))
    export(small, tmp_path, format=Format.PIXELPROSE_28, shard_rows=100)
    found = pq.read_table(tmp_path / "vlm_captions_cc12m_00.parquet").to_pylist()
    assert len(found) == len(rows)
    for one in found:
        row = rows[one["uid"]]
        assert json.loads(one.pop("exif")) == row.image.exif
        assert one == released(row)


def redditor(number: int, **fields: str) -> CaptionRow:
    row = a_caption(number)
    source = msgspec.structs.replace(row.source, fields={"author": "jane_doe", **fields})
    return msgspec.structs.replace(row, source=source)


@pytest.mark.parametrize("format_", FORMATS)
def test_authors_leave_as_keyed_hashes_alone(
    small: SmallLake, tmp_path: Path, format_: Format
) -> None:
    small.append(CAPTIONS, [redditor(1, score="7")])
    small.image(1)
    with pytest.raises(LakeError, match="--author-key"):
        export(small, tmp_path / "none", format=format_)
    export(small, tmp_path / "hashed", key=KEY, format=format_)
    for file in (tmp_path / "hashed").iterdir():
        assert b"jane_doe" not in file.read_bytes()
    if format_ is Format.PIXELPROSE_28:
        (row,) = pq.read_table(tmp_path / "hashed" / "vlm_captions_redcaps_00.parquet").to_pylist()
        assert (row["author"], row["score"]) == (KEY.hash("jane_doe"), 7)


def test_a_number_that_is_none_is_refused_with_advice(small: SmallLake, tmp_path: Path) -> None:
    small.append(CAPTIONS, [redditor(1, subreddit="itookapicture")])
    with pytest.raises(LakeError, match=r"subreddit is 'itookapicture'.*--where"):
        export(small, tmp_path, key=KEY, format=Format.PIXELPROSE_28)


def test_a_loader_reads_the_tar_shards(full: SmallLake, tmp_path: Path) -> None:
    export(full, tmp_path, format=Format.WEBDATASET)
    with ExitStack() as opened:
        # Opened here: the loader's own files stay open until they are collected.
        shards = [
            {"url": str(path), "stream": opened.enter_context(path.open("rb"))}
            for path in sorted(tmp_path.glob("*.tar"))
        ]
        samples = list(group_by_keys(tar_file_expander(shards)))
    assert len(samples) == ROWS
    for sample in samples:
        row = json.loads(sample["json"])
        assert sample["__key__"] == row["row_id"]
        assert sample["txt"].decode() == row["caption"]["text"]
        number = next(n for n in range(ROWS) if digest("row", n) == row["row_id"])
        assert sample["jpg"] == f"JPEG {number}".encode() * 10


def test_a_row_without_an_image_is_listed(small: SmallLake, tmp_path: Path) -> None:
    small.captions(range(2))
    small.image(0)
    gone = a_caption(1)
    manifest = export(small, tmp_path, format=Format.WEBDATASET)
    assert manifest["missing_images"] == 1
    (listed,) = [one for file in manifest["files"] for one in file["missing_images"]]
    assert listed == {"row_id": gone.row_id, "key": gone.image.rendition_key}


def test_sources_of_any_name_have_files_of_their_own(full: SmallLake, tmp_path: Path) -> None:
    names = {file["source"]: file["name"] for file in export(full, tmp_path)["files"]}
    assert names["redcaps"].startswith("redcaps-")
    assert names["your own"].startswith("your_own-" + digest("your own")[:8])
    assert os.sep not in names["your own"]
