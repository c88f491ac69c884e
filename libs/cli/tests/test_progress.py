"""What takes seconds says so on a terminal, on standard error where an answer goes to stdout."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.progress import looking, waiting

TERMINAL = {"FORCE_COLOR": "1", "COLUMNS": "80"}
"""By it rich takes what is captured for a terminal."""

HIDDEN_CURSOR = "\x1b[?25l"
"""What begins whatever moves."""

BROKER = "kafka: {bootstrap_servers: '127.0.0.1:1', start_deadline_seconds: 0}\n"
STORE = """\
store: {endpoint: 'http://127.0.0.1:1', bucket: tables, access_key: key, secret_key: secret-key}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.yaml").write_text(BROKER + STORE)
    (tmp_path / "urls.csv").write_text("link\nhttp://a.example/1\n")
    (tmp_path / "photo.jpg").write_bytes(b"")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "plan --urls 1k --measure p.yaml",
        "try photo.jpg --config nowhere.yaml",
        "status --config p.yaml",
        "doctor --config p.yaml",
        "topics init --config p.yaml",
        "submit urls.csv --config p.yaml",
        "dlq list --config p.yaml",
        "dlq show pixelprose.images.submitted.v1.ingester.dlq:0:1 --config p.yaml",
        "retry --reason timeout --config p.yaml",
        "table show --config p.yaml",
    ],
)
def test_a_command_turns_while_it_takes_seconds(folder: Path, command: str) -> None:
    del folder
    assert HIDDEN_CURSOR in CliRunner().invoke(app, command.split(), env=TERMINAL).output


def test_a_command_that_takes_no_time_does_not(folder: Path) -> None:
    del folder
    said = CliRunner().invoke(app, ["schema", "caption_annotated"], env=TERMINAL)
    assert HIDDEN_CURSOR not in said.output


def test_it_leaves_nothing_behind_and_is_silent_in_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = io.StringIO()
    with looking(Console(file=file)), waiting("a while"):
        pass
    assert (file.getvalue(), *capsys.readouterr()) == ("", "", "")
