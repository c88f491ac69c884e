"""What was typed wrong ends with 2, wherever it is found out, and says what is wrong."""

from pathlib import Path

import pytest

from pixelprose.cli.app import main
from pixelprose.cli.exit_codes import CommandExit

BROKER = "kafka: {bootstrap_servers: '127.0.0.1:1', start_deadline_seconds: 0}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with settings of a broker that nobody answers for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "pixelprose.yaml").write_text(BROKER)
    (tmp_path / "urls.csv").write_text("link\nhttp://a.example/1\n")
    (tmp_path / "known.csv").write_text("")
    (tmp_path / "urls.txt").write_text("http://a.example/1\n")
    (tmp_path / "photo.jpg").write_bytes(b"")
    return tmp_path


def ended(monkeypatch: pytest.MonkeyPatch, command: str) -> object:
    monkeypatch.setattr("sys.argv", ["pixelprose", *command.split(" ")])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("captions --config pixelprose.yaml --where aesthetc>5", "aesthetc"),
        ("captions --config pixelprose.yaml --from-table --since 2h", "leave out --since"),
        ("captions --config nowhere.yaml", "--config nowhere.yaml: no such file"),
        ("trace --config pixelprose.yaml nobody", "is no URL and no id"),
        ("trace --config pixelprose.yaml 33a7cbe31d81 --since soon", "'soon' is no time"),
        ("schema nobody", "no record 'nobody'"),
        ("plan --urls many", "--urls 'many'"),
        ("plan --urls 10M --gpus a-b", "--gpus 'a-b'"),
        ("plan --urls 10M --assume rate.captioner=fast", "is no number"),
        ("plan --urls 10M --probe nowhere.json", "nowhere.json is no probe"),
        ("plan --urls 10M --measure nowhere.yaml", "--measure nowhere.yaml: no such file"),
        ("up --gpus 0,0", "name each GPU once"),
        ("up --config nowhere.yaml", "--config nowhere.yaml: no such file"),
        ("up --known-hashes known.csv", "goes with --profile"),
        ("up --profile cpu", "give --known-hashes"),
        ("up --profile nobody", "no profile 'nobody'; there are cpu, endpoint, gpu"),
        ("up --profile nobody --known-hashes nowhere.csv", "no profile 'nobody'"),
        ("up --profile cpu --known-hashes nowhere.csv", "no list of known hashes at nowhere.csv"),
        ("models list --profile nobody", "there are cpu, endpoint, gpu"),
        ("models pull --profile nobody", "there are cpu, endpoint, gpu"),
        ("submit nowhere.csv", "no such file or folder"),
        ("submit urls.csv", "no column 'url'"),
        ("submit urls.txt urls.csv", "no column 'url'"),
        ("submit photo.jpg", "unknown kind of file"),
        ("submit urls.txt --preset nobody", "no preset 'nobody'"),
        ("submit urls.txt --watch", "--watch looks at folders"),
        ("submit nowhere.tar", "not a regular file"),
        ("dlq list --service nobody", "no service is called 'nobody'"),
        ("dlq list --since soon", "'soon' is no time"),
        ("dlq show nobody", "'nobody' is no id"),
        ("dlq redrive --id nobody", "'nobody' is no id"),
        ("dlq redrive --submission 12", "is no submission id"),
        ("retry --reason nobody", "no reason is called 'nobody'"),
        ("retry --reason blocked", "blocked is not tried again"),
        ("table maintain --every now --config pixelprose.yaml", "is no length of time"),
        ("table maintain --table nobody --config pixelprose.yaml", "no table 'nobody'"),
        ("try nowhere.jpg", "nowhere.jpg: no such file"),
        ("try photo.jpg --config nowhere.yaml", "--config nowhere.yaml: no such file"),
        ("doctor --config nowhere.yaml", "--config nowhere.yaml: no such file"),
    ],
)
def test_what_was_typed_wrong_ends_with_2(
    command: str,
    said: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if command.startswith("submit"):
        monkeypatch.setenv("PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
        monkeypatch.setenv("PIXELPROSE_KAFKA__START_DEADLINE_SECONDS", "0")
    assert ended(monkeypatch, command) == CommandExit.WRONG_USAGE
    assert said in capsys.readouterr().err
    assert not (folder / "pixelprose-data").exists()


def test_what_was_typed_right_and_fails_ends_with_1(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del folder
    assert ended(monkeypatch, "captions --config pixelprose.yaml") == CommandExit.FAILED
