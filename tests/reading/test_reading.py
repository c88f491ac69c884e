"""The programs of docs/how-to/reading.md, run as they stand, on real tables in a real store."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.curator.export import Export, Format, Request, Rows
from pixelprose.curator.testing import SmallLake, a_caption, digest, small_lake
from pixelprose.embedded import EmbeddedS3

pytestmark = pytest.mark.real

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
PAGE = PAGES / "reading.md"
ROWS = 24
REDCAPS = [number for number in range(ROWS) if a_caption(number).dataset == "redcaps"]


def program(name: str, page: Path = PAGE) -> str:
    found = re.search(rf"<!-- run: {name} -->\n```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert found is not None, f"{page.name} has no program {name}"
    return found[1]


@pytest.fixture(scope="module")
def lake(s3: EmbeddedS3) -> Iterator[SmallLake]:
    """The bucket that the page names, with captions of three sources and two days."""
    with small_lake(s3.access, bucket="pixelprose") as made:
        made.captions(range(10), range(10, ROWS))
        yield made


def run(name: str, lake: SmallLake, folder: Path) -> list[str]:
    """Run a program of the page in a process of its own, and return its lines."""
    return run_text(program(name), lake, folder)


def run_text(text: str, lake: SmallLake, folder: Path) -> list[str]:
    """Run a program.

    The exit status counts: the trap that the page avoids gives right answers and then aborts.
    """
    done = subprocess.run(
        [sys.executable, "-c", text],
        env={
            **os.environ,
            **lake.aws_variables(),
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(folder / "hf"),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_deltalake_counts_by_source(lake: SmallLake, tmp_path: Path) -> None:
    found = [line.rsplit(" ", 2)[:2] for line in run("deltalake", lake, tmp_path)]
    assert found == [["cc12m", "8"], ["redcaps", "8"], ["your own", "8"]]


def test_polars_reads_one_source(lake: SmallLake, tmp_path: Path) -> None:
    expected = [f"{digest('image', number)} {a_caption(number).caption.text}" for number in REDCAPS]
    assert run("polars", lake, tmp_path) == sorted(expected)


def test_pyarrow_reads_days_columns_and_a_filter(lake: SmallLake, tmp_path: Path) -> None:
    rows = [a_caption(number) for number in REDCAPS]
    expected = [f"{row.ingest_date} {row.image_id} {row.caption.text}" for row in rows]
    assert sorted(run("pyarrow", lake, tmp_path)) == sorted(expected)


def test_duckdb_groups(lake: SmallLake, tmp_path: Path) -> None:
    counts = {
        (source, day): int(count)
        for source, day, count, _ in (line.rsplit(" ", 3) for line in run("duckdb", lake, tmp_path))
    }
    rows = [a_caption(number) for number in range(ROWS)]
    expected: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row.dataset, str(row.ingest_date)
        expected[key] = expected.get(key, 0) + 1
    assert counts == expected


def test_datasets_streams_the_table(lake: SmallLake, tmp_path: Path) -> None:
    found = run("datasets", lake, tmp_path)
    rows = [a_caption(number) for number in range(ROWS)]
    expected = [f"{row.image_id} {row.source.url} {row.caption.text}" for row in rows]
    assert sorted(found) == sorted(expected)


def test_datasets_loads_a_release(lake: SmallLake, tmp_path: Path) -> None:
    table = lake.lake.open("captions")
    request = Request(
        format=Format.PIXELPROSE_28,
        version=table.version,
        where=None,
        rows=Rows.CURRENT,
        shard_rows=5,
        author_key=None,
    )
    Export(table, request, tmp_path / "release", None).run(lambda _done, _total: None)
    (line,) = run("release", lake, tmp_path)
    rows, *columns = line.split(" ")
    assert (int(rows), len(columns)) == (ROWS, 28)
    assert columns[:3] == ["uid", "url", "key"]


def test_the_program_for_consumers_needs_its_own_store_and_keys_alone(
    lake: SmallLake, tmp_path: Path
) -> None:
    text = program("consuming", PAGES / "consuming.md")
    store = lake.aws_variables()
    keys = iter((store["AWS_ACCESS_KEY_ID"], store["AWS_SECRET_ACCESS_KEY"]))
    text = text.replace("http://127.0.0.1:9000", store["AWS_ENDPOINT_URL"])
    text = re.sub(r'"\.\.\."', lambda _: repr(next(keys)), text)
    found = "\n".join(run_text(text, lake, tmp_path))
    assert sum(source in found for source in ("cc12m", "redcaps", "your own")) > 0
    assert "a red cube" in found


@pytest.mark.parametrize("page", ["reading.md", "consuming.md"])
def test_no_page_teaches_the_trap(page: str) -> None:
    assert "to_pyarrow_table" not in (PAGES / page).read_text()
    assert "to_pyarrow_dataset" not in (PAGES / page).read_text()


def test_the_copy_takes_few_lines() -> None:
    lines = [line for line in program("copy").splitlines() if line.strip()]
    assert len(lines) <= 25
