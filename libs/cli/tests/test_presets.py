"""Presets on files shaped as their data sets document them."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixelprose.cli.presets import preset, presets
from pixelprose.cli.rows import Columns, SourceError, SourceRow
from pixelprose.cli.sources import rows

KEY = b"a key that nobody guesses"
AUTHOR = "some_person"


def read(path: Path, columns: Columns) -> list[SourceRow]:
    found = list(rows(path, columns))
    assert all(isinstance(row, SourceRow) for row in found), found
    return [row for row in found if isinstance(row, SourceRow)]


def redcaps(tmp_path: Path) -> Path:
    annotation = {
        "image_id": "bpzj7r",
        "author": AUTHOR,
        "url": "https://i.example/ho.jpg",
        "raw_caption": "Found this Old Barn!!",
        "caption": "found this old barn",
        "subreddit": "itookapicture",
        "score": 12,
        "created_utc": 1558219200,
        "permalink": "/r/itookapicture/comments/bpzj7r/found/",
        "crosspost_parents": None,
    }
    path = tmp_path / "itookapicture_2019.json"
    path.write_text(json.dumps({"info": {"year": 2019}, "annotations": [annotation]}))
    return path


def test_commonpool(tmp_path: Path) -> None:
    path = tmp_path / "0035af.parquet"
    row = {
        "uid": "335db346a49045476677662a0067ce68",
        "url": "https://static.example/a.png",
        "text": "untitled image",
        "original_width": 980,
        "original_height": 405,
        "clip_b32_similarity_score": 0.25,
        "clip_l14_similarity_score": 0.5,
        "face_bboxes": [[0.1, 0.2, 0.3, 0.4]],
        "sha256": "695d74e8c323a977f11e958f9a185b8cbd454cd29197924b97f6618079f48159",
    }
    pq.write_table(pa.Table.from_pylist([row]), path)
    (found,) = read(path, presets()["commonpool"].columns(author_key=None))
    assert (found.url, found.alt_text) == (row["url"], row["text"])
    assert set(found.fields) == set(row) - {"url", "text"}
    assert found.fields["clip_l14_similarity_score"] == "0.5"
    assert found.fields["face_bboxes"] == "[[0.1, 0.2, 0.3, 0.4]]"


@pytest.mark.parametrize("header", ["", "url\tcaption\n", "image_url\tcaption\n"])
def test_cc12m_with_and_without_a_header(tmp_path: Path, header: str) -> None:
    path = tmp_path / "cc12m.tsv"
    path.write_text(f'{header}http://a.example/1.jpg\ta "typical" bus\nhttp://a.example/2.jpg\tb\n')
    found = read(path, presets()["cc12m"].columns(author_key=None))
    assert [(row.number, row.url, row.alt_text) for row in found] == [
        (0, "http://a.example/1.jpg", 'a "typical" bus'),
        (1, "http://a.example/2.jpg", "b"),
    ]


def test_redcaps_leaves_authors_out(tmp_path: Path) -> None:
    (found,) = read(redcaps(tmp_path), presets()["redcaps"].columns(author_key=None))
    assert found.alt_text == "Found this Old Barn!!"
    assert found.fields["subreddit"] == "itookapicture"
    assert AUTHOR not in repr(found)
    assert "author" not in found.fields


def test_with_a_key_authors_are_told_apart_and_not_named(tmp_path: Path) -> None:
    path = redcaps(tmp_path)
    hashes = {
        key: read(path, presets()["redcaps"].columns(author_key=key))[0].fields["author"]
        for key in (KEY, b"another key, as long")
    }
    assert AUTHOR not in repr(hashes)
    assert len(set(hashes.values())) == 2
    assert (
        hashes[KEY] == read(path, presets()["redcaps"].columns(author_key=KEY))[0].fields["author"]
    )


@pytest.mark.parametrize("name", ["commonpool", "cc12m", "redcaps"])
def test_no_preset_takes_a_lists_licence_for_the_images(name: str) -> None:
    ours = preset(name)
    assert ours.rights.basis == "unknown"
    assert ours.rights.licence is None
    assert ours.source == name
    assert ours.facts


def test_an_unknown_preset_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(SourceError, match="cc12m, commonpool, redcaps"):
        preset("laion")


def test_a_preset_of_ones_own_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "museum.yaml"
    path.write_text(
        "museum:\n  source: museum\n  url: [link]\n  rights: {licence: CC0-1.0, "
        "basis: source_default}\n  facts: its web page\n"
    )
    table = tmp_path / "urls.csv"
    table.write_text("link\nhttp://a.example/1.jpg\n")
    (found,) = read(table, preset(str(path)).columns(author_key=None))
    assert (found.rights.licence, found.rights.basis) == ("CC0-1.0", "source_default")


@pytest.mark.parametrize("text", ["", "a: 1", "a: {sauce: b}", "[1]", "a: {", "a: {}\nb: {}"])
def test_a_file_that_is_no_preset_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SourceError, match="not one preset"):
        preset(str(path))
