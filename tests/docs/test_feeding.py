"""Every command of docs/how-to/feeding.md finds the row that it is about."""

import json
import shlex
from pathlib import Path

import pytest
from tests.docs.inputs import write_inputs
from tests.docs.pages import blocks
from typer.testing import CliRunner

from pixelprose.cli import app as app_module
from pixelprose.cli import submit_command

DOC = Path("docs/how-to/feeding.md")


def commands() -> list[str]:
    """Those that need no store; the others are run on real servers by tests/integration."""
    found = [block for block in blocks(DOC) if (block.language, block.kind) == ("sh", "")]
    return [line for block in found for line in block.code.splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    write_inputs(tmp_path, images=tmp_path / "images", site="http://a.example")
    return tmp_path


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_document_finds_its_row(command: str, folder: Path) -> None:
    program, *arguments = shlex.split(command.replace("/data/images", str(folder / "images")))
    assert program == "pixelprose"
    said = CliRunner().invoke(app_module.app, [*arguments, "--dry-run", "--json"])
    assert said.exit_code == 0, said.output
    summary = json.loads(said.stdout)
    assert (summary["submitted"], summary["bad"]) == (1, 0)
    assert "'a'" in said.stderr


def test_the_document_has_commands() -> None:
    assert len(commands()) > 8
