"""`pixelprose submit` on a real broker: every row once, however often it is repeated."""

import json
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from pixelprose.cli import submit_command
from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.ends import TopicReader
from pixelprose.cli.rows import SourceError
from pixelprose.cli.status import run_status
from pixelprose.cli.submit_command import run_submit
from pixelprose.cli.submit_options import SubmitOptions
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.records import ImageSubmitted, topic_of

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
    assert "0 rows submitted (20 were submitted before)" in submit(config, str(urls))
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


def test_topics_are_made_once_and_found_again(config: Path) -> None:
    console = Console(width=200)
    with console.capture() as said:
        run_topics_init(config, 2, 1, console)
    assert "0 topics created, 0 groups" in said.get()
