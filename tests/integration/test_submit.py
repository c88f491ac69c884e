"""`pixelprose submit` on a real broker: every row once, however often it is repeated."""

import json
from pathlib import Path

import pytest
import yaml
from confluent_kafka import Producer
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli import submit_command
from pixelprose.cli.app import app
from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.ends import TopicReader
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.rows import SourceError
from pixelprose.cli.status import run_status, status_of
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.records import ImageFetched, ImageSubmitted, topic_of

pytestmark = pytest.mark.real

ROWS = 20


@pytest.fixture
def config(
    kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setattr(submit_command, "STATE", tmp_path / "state")
    file = tmp_path / "pixelprose.yaml"
    servers = {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": topic_prefix}
    file.write_text(yaml.safe_dump({"kafka": servers}))
    run_topics_init(file, 2, 1, Console(quiet=True))
    return file


@pytest.fixture
def urls(tmp_path: Path) -> Path:
    file = tmp_path / "urls.csv"
    rows = [f"http://a.example/{n}.jpg,text {n},{n}" for n in range(ROWS)]
    file.write_text("\n".join(["url,caption,n", *rows]))
    return file


def submitted(config: Path) -> int:
    kafka = client_settings(config).kafka
    reader = TopicReader(kafka.client(), [kafka.physical(topic_of(ImageSubmitted))])
    try:
        return sum(1 for _ in reader.read(seconds=5))
    finally:
        reader.close()


def submit(config: Path, *what: str) -> str:
    console = Console(width=200)
    with console.capture() as said:
        run_submit(list(what), config, SubmitOptions(source="tests"), console)
    return said.get()


def test_a_repeated_command_submits_nothing_again(config: Path, urls: Path) -> None:
    assert f"{ROWS} rows submitted" in submit(config, str(urls))
    assert "0 rows submitted (20 before)" in submit(config, str(urls))
    assert submitted(config) == ROWS


def test_each_naming_of_a_url_is_a_submission_of_its_own(config: Path) -> None:
    for _ in range(2):
        submit(config, "http://a.example/1.jpg")
    assert submitted(config) == 2


def test_a_dry_run_sends_nothing_and_forgets_everything(config: Path, urls: Path) -> None:
    console = Console(width=200)
    with console.capture() as said:
        run_submit([str(urls)], config, SubmitOptions(dry_run=True, limit=7), console)
    assert "7 rows would be submitted" in said.get()
    assert submitted(config) == 0
    assert f"{ROWS} rows submitted" in submit(config, str(urls))


def test_a_limit_is_a_part_and_the_rest_comes_with_the_next_command(
    config: Path, urls: Path
) -> None:
    run_submit([str(urls)], config, SubmitOptions(limit=7), Console(quiet=True))
    assert submitted(config) == 7
    assert "13 rows submitted" in submit(config, str(urls))
    assert submitted(config) == ROWS


def test_bad_rows_are_shown_kept_in_a_file_and_left_out(config: Path, tmp_path: Path) -> None:
    file, kept = tmp_path / "urls.txt", tmp_path / "bad.jsonl"
    file.write_text("http://a.example/1\nnonsense\nhttp://a.example/2\n")
    console = Console(width=200)
    with console.capture() as said:
        report = run_submit([str(file)], config, SubmitOptions(bad_rows=kept), console)
    assert "line 2: no URL" in said.get()
    assert (report.submitted, report.bad, submitted(config)) == (2, 1, 2)
    assert "line 2" in kept.read_text()


def test_a_missing_file_is_refused_before_anything_is_sent(config: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        submit(config, "nowhere.csv")
    assert submitted(config) == 0


def test_the_status_shows_what_waits(config: Path, urls: Path) -> None:
    submit(config, str(urls))
    console = Console(width=200)
    with console.capture() as said:
        run_status(config, console)
    lines = said.get().splitlines()
    (line,) = (line for line in lines if "images.submitted" in line)
    assert line.split()[-1] == str(ROWS)


def test_the_status_answers_programs(
    config: Path, urls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    submit(config, str(urls))
    capsys.readouterr()
    run_status(config, Console(quiet=True), output=Output.JSON)
    found = json.loads(capsys.readouterr().out)
    (waiting,) = (one for one in found["topics"] if "images.submitted" in one["topic"])
    assert waiting["lag"] == ROWS
    assert waiting["group"].endswith("ingester.live")
    assert found["dead_letters"] == {}


@pytest.mark.parametrize("width", [80, 120])
def test_the_status_keeps_its_lines_whole(config: Path, width: int) -> None:
    console = Console(width=width)
    with console.capture() as said:
        run_status(config, console)
    lines = [line.split()[0] for line in said.get().splitlines() if line.strip()]
    assert "captions.annotated" in lines
    assert "metadata-annotator.caption" in said.get()


def test_a_file_of_bad_rows_alone_fails_each_time_and_names_the_lines(
    config: Path, tmp_path: Path
) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("nonsense\nmore of it\n")
    for _ in range(2):
        done = CliRunner().invoke(app, ["submit", str(file), "--config", str(config)])
        assert done.exit_code == CommandExit.FAILED
        assert "2 bad rows left out" in done.output
        assert "line 2: no URL" in " ".join(done.output.split())
    assert submitted(config) == 0


def test_bad_rows_of_an_earlier_run_are_not_told_as_submitted(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "urls.txt"
    file.write_text("http://a.example/1\nnonsense\nhttp://a.example/2\n")
    assert "2 rows submitted." in submit(config, str(file))
    assert "0 rows submitted (2 before, 1 left out)." in submit(config, str(file))


def test_the_status_counts_records_and_not_the_ends_of_transactions(config: Path) -> None:
    settings = client_settings(config)
    producer = Producer({**settings.kafka.client(), "transactional.id": f"{config}"})
    producer.init_transactions()
    topic = settings.kafka.physical(topic_of(ImageFetched))
    for _ in range(3):
        producer.begin_transaction()
        producer.produce(topic, b"x", partition=0)
        producer.commit_transaction()
    (found,) = (one for one in status_of(settings).topics if one.topic == topic)
    assert (found.kept, found.kept_exact, found.lag, found.lag_exact) == (3, True, 3, True)


def test_topics_are_made_once_and_found_again(config: Path) -> None:
    console = Console(width=200)
    with console.capture() as said:
        run_topics_init(config, 2, 1, console)
    assert "0 topics created, first positions for 0 groups" in said.get()
