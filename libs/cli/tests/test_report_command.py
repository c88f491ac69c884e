"""`pixelprose report`, on real tables in the embedded S3."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.curator import LakeError
from pixelprose.curator.testing import SmallLake, small_lake
from pixelprose.embedded import EmbeddedS3

pytestmark = pytest.mark.real

DOC = Path(__file__).parents[3] / "docs" / "how-to" / "looking.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOC.read_text(encoding="utf-8"), re.M | re.S)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


@pytest.fixture(scope="module")
def small(s3: EmbeddedS3) -> Iterator[SmallLake]:
    with small_lake(s3.access) as made:
        made.captions(range(6))
        yield made


def run(small: SmallLake, *words: object) -> Result:
    variables = {**small.command_variables(), "COLUMNS": "120"}
    return CliRunner().invoke(app, ["report", *map(str, words)], env=variables)


def test_a_report_is_written_and_the_way_to_it_told(small: SmallLake, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    result = run(small, "--out", out, "--sample", 4)
    assert result.exit_code == 0, result.output
    assert "6 captions, 4 of them with picture and lineage" in result.output
    assert "report.html" in result.output.replace("\n", "")
    assert "Not in the store any more: 4 pictures" in result.output
    assert out.read_text().startswith("<!doctype html>")


def test_the_summary_for_programs_is_json_alone(small: SmallLake, tmp_path: Path) -> None:
    where = "dataset = 'redcaps'"
    result = run(small, "--out", tmp_path / "r.html", "--json", "--seed", 7, "--where", where)
    found = json.loads(result.stdout)
    assert (found["captions"], found["seed"], found["where"]) == (2, 7, where)
    assert found["path"] == str(tmp_path / "r.html")
    assert found["ends"][0]["count"] == 6


def test_a_wrong_filter_is_one_message(small: SmallLake, tmp_path: Path) -> None:
    result = run(small, "--out", tmp_path / "r.html", "--where", "datset = 'x'")
    assert isinstance(result.exception, LakeError)
    assert "captions.dataset" in str(result.exception)


def test_a_file_that_cannot_be_written_is_one_message(small: SmallLake, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(small, "--out", tmp_path / "file" / "r.html")
    assert isinstance(result.exception, CommandError)
    assert "name another file" in str(result.exception)


def test_without_the_extra_the_message_says_what_to_install(
    small: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixelprose.report", None)
    result = run(small, "--out", tmp_path / "r.html")
    assert isinstance(result.exception, CommandError)
    assert "pixelprose[report]" in str(result.exception)


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_command_of_the_document_writes_a_page(
    small: SmallLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    program, report, *arguments = command
    assert (program, report) == ("pixelprose", "report")
    result = run(small, *arguments)
    assert result.exit_code == 0, result.output
    assert [path.suffix for path in tmp_path.iterdir()] == [".html"]


def test_the_document_has_commands() -> None:
    assert len(commands()) > 3
