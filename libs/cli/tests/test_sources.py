import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixelprose.cli.sources import Columns, SourceError, count, rows

URLS = ["http://a.example/1.jpg", "http://b.example/2.jpg"]


def write(path: Path) -> Path:
    table = [{"url": url, "caption": f"c{n}", "n": n} for n, url in enumerate(URLS)]
    match path.suffix:
        case ".txt":
            path.write_text("\n".join([*URLS, "", "  "]))
        case ".csv":
            path.write_text(
                "url,caption,n\n" + "".join(f"{r['url']},{r['caption']},{r['n']}\n" for r in table)
            )
        case ".jsonl":
            path.write_text("\n".join(json.dumps(row) for row in table))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(table), path)
    return path


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".jsonl", ".parquet"])
def test_every_kind_of_file_gives_the_same_urls_with_their_numbers(
    tmp_path: Path, suffix: str
) -> None:
    found = list(rows(write(tmp_path / f"urls{suffix}"), Columns()))
    assert [(row.number, row.url) for row in found] == list(enumerate(URLS))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_columns_that_are_not_asked_for_are_kept_as_fields(tmp_path: Path, suffix: str) -> None:
    first = next(rows(write(tmp_path / f"urls{suffix}"), Columns()))
    assert first.alt_text == "c0"
    assert dict(first.fields) == {"n": "0"}


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_missing_column_is_refused_and_the_found_ones_are_named(
    tmp_path: Path, suffix: str
) -> None:
    path = write(tmp_path / f"urls{suffix}")
    with pytest.raises(SourceError, match=r"no column 'link' .*caption.*--url-column"):
        list(rows(path, Columns(url="link")))


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"use one of \.csv"):
        list(rows(tmp_path / "urls.xlsx", Columns()))


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "urls.jsonl"
    path.write_text('{"url": "http://a.example"}\n{"url": \n')
    with pytest.raises(SourceError, match="line 2"):
        list(rows(path, Columns()))


def test_a_row_without_a_url_is_still_a_row(tmp_path: Path) -> None:
    path = tmp_path / "urls.jsonl"
    path.write_text('{"url": "http://a.example"}\n{"url": null}\n')
    assert [row.url for row in rows(path, Columns())] == ["http://a.example", ""]


def test_rows_are_counted_where_that_is_cheap(tmp_path: Path) -> None:
    counts = [count(write(tmp_path / f"urls{s}")) for s in (".txt", ".jsonl", ".parquet", ".csv")]
    assert counts == [2, 2, 2, None]
