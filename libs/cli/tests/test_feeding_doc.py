"""Every command of docs/how-to/feeding.md does what it says; servers are used elsewhere."""

import json
import re
import shlex
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from pixelprose.cli import app as app_module
from pixelprose.cli import submit_command

DOC = Path(__file__).parents[3] / "docs" / "how-to" / "feeding.md"
ELSEWHERE = ("s3://", "--watch")
"""Run on real servers by tests/integration/test_sources.py."""


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOC.read_text(encoding="utf-8"), re.M | re.S)
    return [line for block in blocks for line in block.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the document talks about, with one row each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    url, picture = "http://a.example/1.jpg", b"\xff\xd8\xff"
    Path("urls.csv").write_text(f"url,caption\n{url},a\n")
    Path("links.jsonl").write_text(json.dumps({"link": url, "title": "a"}))
    Path("cc12m.tsv").write_text(f"{url}\ta\n")
    annotations = {"annotations": [{"url": url, "raw_caption": "a", "author": "b"}]}
    Path("itookapicture_2019.json").write_text(json.dumps(annotations))
    pq.write_table(pa.table({"url": [url], "text": ["a"]}), "part-0.parquet")
    rows = [{"image": {"bytes": picture, "path": None}, "text": "a"}]
    pq.write_table(pa.Table.from_pylist(rows), "train.parquet")
    photos = tmp_path / "images" / "photos"
    photos.mkdir(parents=True)
    (photos / "1.jpg").write_bytes(picture)
    (photos / "1.txt").write_text("a")

    with tarfile.open(tmp_path / "images" / "00000.tar", "w") as tar:
        tar.add(photos / "1.jpg", "1.jpg")
        tar.add(photos / "1.txt", "1.txt")
    return tmp_path


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_document_finds_its_row(command: str, folder: Path) -> None:
    if any(mark in command for mark in ELSEWHERE):
        command += " --help"
    program, *arguments = shlex.split(command.replace("/data/images", str(folder / "images")))
    assert program == "pixelprose"
    said = CliRunner().invoke(app_module.app, [*arguments, "--dry-run", "--json"])
    assert said.exit_code == 0, said.output
    if "--help" not in arguments:
        summary = json.loads(said.stdout)
        assert (summary["submitted"], summary["bad"]) == (1, 0)
        assert "'a'" in said.stderr


def test_the_document_has_commands() -> None:
    assert len(commands()) > 8
