"""`pixelprose table` and `pixelprose export`, on real tables in the embedded S3."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.cli.table_views import commits_view, facts_view, finding_line, plan_view
from pixelprose.curator import LakeError, compaction_plan, facts, history
from pixelprose.curator.finding import failed
from pixelprose.curator.testing import SmallLake, digest, small_lake
from pixelprose.embedded import EmbeddedS3

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def small(s3: EmbeddedS3) -> Iterator[SmallLake]:
    with small_lake(s3.access) as made:
        made.captions(range(6), range(6, 12))
        made.duplicates(digest("submission", 1))
        yield made


def variables(small: SmallLake) -> Mapping[str, str]:
    return {**small.command_variables(), "COLUMNS": "80"}


def run(small: SmallLake, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env=variables(small))


def said(small: SmallLake, *words: str) -> str:
    result = run(small, *words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_a_table_without_files_has_no_sizes(small: SmallLake) -> None:
    console = Console(width=80)
    empty = replace(facts(small.lake.open("captions"), sample_rows=0), files=0, size_bytes=0)
    with console.capture() as captured:
        console.print(facts_view(empty))
    assert "0 files, 0 B; version" in captured.get()


@pytest.mark.parametrize("width", [80, 120])
def test_views_fit_the_terminal_and_cut_nothing(small: SmallLake, width: int) -> None:
    table = small.lake.open("captions")
    console = Console(width=width, record=True, force_terminal=False, quiet=False)
    with console.capture() as captured:
        console.print(facts_view(facts(table, sample_rows=2)))
        console.print(commits_view("captions", history(table)))
        console.print(plan_view("captions", compaction_plan(table)))
        console.print(finding_line(failed("files", "captions", "1 of 9", ["a.parquet is missing"])))
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for expected in ("12 rows", "cc12m", "your own", "a red cube", "0:6 1:6", "2026-01-02"):
        assert expected in text


def test_show_prints_figures_for_programs(small: SmallLake) -> None:
    found = json.loads(said(small, "table", "show", "--json", "--sample", "1"))
    captions = next(one for one in found if one["name"] == "captions")
    assert captions["rows"] == 12
    assert captions["counts"]["source"] == {"cc12m": 4, "redcaps": 4, "your own": 4}
    assert captions["sample"][0]["caption"]["text"].endswith("a red cube.")
    assert {one["name"] for one in found} == {"captions", "rejections"}


def test_show_is_for_people_by_default(small: SmallLake) -> None:
    output = said(small, "table", "show", "--table", "rejections")
    assert "duplicate_content" in output
    assert "captions" not in output.splitlines()[0]


def test_history_tells_the_newest_commits(small: SmallLake) -> None:
    (commit,) = json.loads(said(small, "table", "history", "--newest", "1", "--json"))
    assert commit["rows_added"] == 6
    assert "newest first" in said(small, "table", "history")


def test_check_ends_with_success_or_says_what_is_wrong(small: SmallLake) -> None:
    output = said(small, "table", "check", "--without-topics", "--table", "captions")
    assert "failed" not in output
    assert "12 rows, each once" in output
    small.duplicates(digest("submission", 1), digest("nobody"))
    words = ("table", "check", "--without-topics", "--table", "rejections", "--json")
    found = {one["check"]: one for one in json.loads(said(small, *words))}
    assert found["owners"]["state"] == "skipped"
    rejections, store = small.lake.open("rejections"), small.lake.store
    key = rejections.key(rejections.files()[0].path)
    kept = store.get(key)
    store.delete(key)
    result = run(small, *words)
    store.put(key, kept, content_type="application/octet-stream")
    assert result.exit_code == 1
    found = {one["check"]: one for one in json.loads(result.output)}
    assert found["files"]["state"] == "failed"


def test_optimize_says_first_and_does_then(small: SmallLake) -> None:
    before = small.lake.open("captions")
    assert "files after" in said(small, "table", "optimize", "--dry-run", "--table", "captions")
    assert small.lake.open("captions").version == before.version
    said(small, "table", "optimize", "--table", "captions")
    after = small.lake.open("captions")
    assert len(after.files()) < len(before.files())
    for words in (("--dry-run",), ()):
        told = said(small, "table", "optimize", *words, "--table", "captions")
        assert told == "captions: nothing to bring together.\n"
    assert "2 days rewritten" in said(
        small, "table", "optimize", "--z-order", "--table", "captions"
    )


def test_what_would_be_done_is_told_to_programs(small: SmallLake) -> None:
    words = ("table", "optimize", "--dry-run", "--table", "captions", "--json")
    assert isinstance(json.loads(said(small, *words))["captions"], list)
    freed = json.loads(said(small, "table", "vacuum", "--table", "captions", "--json"))
    assert set(freed["captions"]) == {"files", "size_bytes"}


def test_vacuum_deletes_only_when_told_so(small: SmallLake) -> None:
    assert "Nothing was deleted" in said(small, "table", "vacuum", "--table", "captions")
    assert "0 files" in said(small, "table", "vacuum", "--delete", "--table", "captions")
    assert isinstance(run(small, "table", "vacuum", "--retain-days", "1").exception, LakeError)


def test_maintain_works_by_the_clock_and_ends_when_asked(small: SmallLake) -> None:
    said_so = [sys.executable, "-m", "pixelprose.cli", "table", "maintain", "--every", "1h"]
    environ = {**os.environ, **variables(small), "PIXELPROSE_LOG__FORMAT": "json"}
    with subprocess.Popen(said_so, env=environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [json.loads(next(process.stderr)) for _ in range(2)]
        with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]['port']}/metrics") as answer:
            metrics = answer.read().decode()
        process.terminate()
        assert process.wait(60) == 0
        last = json.loads(process.stderr.readlines()[-1])
    assert (lines[1]["event"], lines[1]["troubles"]) == ("maintained", [])
    assert lines[1]["tables"] == ["captions", "rejections"]
    assert 'pixelprose_table_maintained_timestamp_seconds{table="captions"}' in metrics
    assert last["event"] == "stopped"


@pytest.mark.parametrize("words", [("--every", "soon"), ("--every", "0h"), ("--table", "caption")])
def test_maintain_refuses_what_it_can_not_mean(small: SmallLake, words: tuple[str, str]) -> None:
    assert isinstance(run(small, "table", "maintain", *words).exception, CommandError)


def test_export_writes_files_and_says_where(small: SmallLake, tmp_path: Path) -> None:
    out = tmp_path / "out"
    output = said(small, "export", "jsonl", "--out", str(out), "--where", "dataset <> 'redcaps'")
    assert "8 rows of 2 sources in 2 files" in output.replace("\n", " ")
    assert "8/8" in output  # the bar, once it is full
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["request"]["where"] == "dataset <> 'redcaps'"
    version = manifest["request"]["version"]
    small.captions(range(20, 22))
    # Repeated, it stays with the version it began with.
    said(small, "export", "jsonl", "--out", str(out), "--where", "dataset <> 'redcaps'")
    assert json.loads((out / "manifest.json").read_text())["request"]["version"] == version


def test_an_export_prints_its_manifest_for_programs(small: SmallLake, tmp_path: Path) -> None:
    result = run(small, "export", "jsonl", "--out", str(tmp_path), "--json")
    assert json.loads(result.stdout) == json.loads((tmp_path / "manifest.json").read_text())
    assert "rows of" in result.stderr


def test_a_bad_filter_is_one_message_that_names_the_column(
    small: SmallLake, tmp_path: Path
) -> None:
    result = run(small, "export", "jsonl", "--out", str(tmp_path), "--where", "datset = 'x'")
    assert isinstance(result.exception, LakeError)
    assert "datset" in str(result.exception)
    assert "captions.dataset" in str(result.exception)


def test_settings_without_a_store_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(
        app, ["table", "show"], env={"PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    )
    assert "the settings name no store" in str(result.exception)
