import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pixelprose.cli.rows import BadRow, Columns, SourceError, SourceRow
from pixelprose.cli.sources import count, rows

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
        case ".tsv":
            path.write_text(
                "url\tcaption\tn\n"
                + "".join(f"{r['url']}\t{r['caption']}\t{r['n']}\n" for r in table)
            )
        case ".json":
            path.write_text(json.dumps(table))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(table), path)
    return path


def good(path: Path, columns: Columns | None = None) -> list[SourceRow]:
    found = list(rows(path, columns or Columns()))
    assert not [row for row in found if isinstance(row, BadRow)]
    return [row for row in found if isinstance(row, SourceRow)]


def bad(path: Path, columns: Columns | None = None) -> list[str]:
    """Line and reason of each bad row, without the file's name."""
    return [
        f"{row.where.partition(', ')[2]}: {row.why}"
        for row in rows(path, columns or Columns())
        if isinstance(row, BadRow)
    ]


@pytest.mark.parametrize("suffix", [".txt", ".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_every_kind_of_file_gives_the_same_urls_with_their_numbers(
    tmp_path: Path, suffix: str
) -> None:
    found = good(write(tmp_path / f"urls{suffix}"))
    assert [(row.number, row.url) for row in found] == list(enumerate(URLS))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_columns_that_are_not_asked_for_are_kept_as_fields(tmp_path: Path, suffix: str) -> None:
    first = good(write(tmp_path / f"urls{suffix}"))[0]
    assert first.alt_text == "c0"
    assert dict(first.fields) == {"n": "0"}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_a_missing_column_is_refused_and_the_found_ones_are_named(
    tmp_path: Path, suffix: str
) -> None:
    path = write(tmp_path / f"urls{suffix}")
    with pytest.raises(SourceError, match=r"no column 'link' .*caption.*--url-column"):
        list(rows(path, Columns(url=("link",))))


def test_an_unknown_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"use one of \.csv"):
        list(rows(tmp_path / "urls.xlsx", Columns()))


@pytest.mark.parametrize("text", ["{", "3", '{"info": {}}'])
def test_a_file_that_is_no_json_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "urls.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"JSON|list of objects"):
        list(rows(path, Columns()))


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "urls.parquet"
    path.write_bytes(b"PAR1 no")
    with pytest.raises(SourceError, match="Parquet"):
        list(rows(path, Columns()))


def test_bad_json_lines_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "urls.jsonl"
    lines = [b'{"url": "http://a.example/1"}', b'{"url": ', b"[]", b"", b'{"url": null}']
    lines += [
        b'{"url": "what"}',
        b'{"url": "http://a.example/\xff"}',
        b'{"url": "http://a.example/2"}',
    ]
    path.write_bytes(b"\n".join(lines))
    said = bad(path)
    assert [line.partition(":")[0] for line in said] == [f"line {n}" for n in (2, 3, 5, 6, 7)]
    for part, line in zip(
        ("not JSON", "not an object", "no URL", "no URL of http", "not UTF-8"), said, strict=True
    ):
        assert part in line
    found = [row for row in rows(path, Columns()) if isinstance(row, SourceRow)]
    assert [(row.number, row.url[-1]) for row in found] == [(0, "1"), (6, "2")]


def test_bad_csv_lines_are_named_and_the_others_go_on(tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    long = "x" * 200_000
    text = f'url,caption\nhttp://a/1,a\nhttp://a/2\nhttp://a/3,b,c\nhttp://a/4,{long}\n,d\nhttp://a/5,"e\nf"\n'
    path.write_text(text)
    said = bad(path)
    assert [line.partition(":")[0] for line in said] == ["line 3", "line 4", "line 5", "line 6"]
    found = [row for row in rows(path, Columns()) if isinstance(row, SourceRow)]
    assert [(row.number, row.url, row.alt_text) for row in found] == [
        (0, "http://a/1", "a"),
        (5, "http://a/5", "e\nf"),
    ]


def test_a_quotation_mark_in_a_tab_separated_file_quotes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "urls.tsv"
    path.write_text('url\tcaption\nhttp://a/1\t"Nice" view\nhttp://a/2\t"open\nhttp://a/3\tc\n')
    assert [row.alt_text for row in good(path)] == ['"Nice" view', '"open', "c"]


def test_a_missing_number_in_a_table_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "urls.parquet"
    pq.write_table(pa.table({"url": URLS, "caption": [float("nan"), None]}), path)
    assert [row.alt_text for row in good(path)] == [None, None]


def test_a_declared_licence_is_declared_and_nothing_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "urls.csv"
    path.write_text("url,license\nhttp://a/1,CC0-1.0\nhttp://a/2,\n")
    assert [(r.rights.licence, r.rights.basis) for r in good(path)] == [
        ("CC0-1.0", "declared"),
        (None, "unknown"),
    ]


def test_rows_are_counted_where_that_is_cheap(tmp_path: Path) -> None:
    counts = [count(write(tmp_path / f"urls{s}")) for s in (".txt", ".jsonl", ".parquet", ".csv")]
    assert counts == [2, 2, 2, None]


def test_another_way_of_reading_a_file_is_another_identity() -> None:
    ways = [Columns(), Columns(url=("link",)), Columns(authors=("author",))]
    ways.append(Columns(authors=("author",), author_key=b"k" * 16))
    assert len({way.fingerprint() for way in ways}) == len(ways)
    assert Columns().fingerprint() == Columns().fingerprint()
