"""`pixelprose captions`: the table, the topic, and the way over, beside a real broker and store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_END, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from typer.testing import CliRunner, Result

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.curator import LakeError
from pixelprose.curator.testing import LANES, SmallLake, digest, small_lake
from pixelprose.curator.testing_topic import FedLake
from pixelprose.embedded import EmbeddedKafka, EmbeddedS3, JarCache

pytestmark = pytest.mark.real

PATIENCE_SECONDS = 120.0


@pytest.fixture
def small(s3: EmbeddedS3) -> Iterator[SmallLake]:
    with small_lake(s3.access) as made:
        yield made


@pytest.fixture
def fed(kafka: EmbeddedKafka, small: SmallLake, topic_prefix: str) -> FedLake:
    return FedLake(kafka.bootstrap_servers, topic_prefix, small)


def variables(fed: FedLake) -> Mapping[str, str]:
    return {
        **fed.small.command_variables(),
        "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": fed.settings.bootstrap_servers,
        "PIXELPROSE_KAFKA__TOPIC_PREFIX": fed.settings.topic_prefix,
        "COLUMNS": "80",
    }


def run(fed: FedLake, *words: str) -> Result:
    return CliRunner().invoke(app, ["captions", *words], env=variables(fed))


def row_ids(fed: FedLake, *words: str) -> list[str]:
    done = run(fed, "--json", *words)
    assert done.exit_code == 0, (done.output, done.exception)
    return [json.loads(line)["row_id"] for line in done.stdout.splitlines()]


def ids(numbers: range) -> set[str]:
    return {digest("row", number) for number in numbers}


def deleted(fed: FedLake) -> None:
    """Take away every record, as retention would."""
    admin = AdminClient({"bootstrap.servers": fed.settings.bootstrap_servers, "log_level": 0})
    ends = [TopicPartition(fed.topic, lane, OFFSET_END) for lane in range(LANES)]
    for future in admin.delete_records(ends).values():
        future.result(PATIENCE_SECONDS)


class Process:
    """The command in a process of its own, as a shell would run it."""

    def __init__(self, fed: FedLake, folder: Path, *words: str) -> None:
        self.output, self.aside = folder / "out.jsonl", folder / "aside.txt"
        with self.output.open("wb") as output, self.aside.open("wb") as aside:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pixelprose.cli", "captions", "--json", *words],
                env={**os.environ, **variables(fed)},
                stdout=output,
                stderr=aside,
            )

    def row_ids(self) -> list[str]:
        lines = self.output.read_text().split("\n")[:-1]
        return [json.loads(line)["row_id"] for line in lines]

    def wait_for(self, seen: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not seen():
            assert self.process.poll() is None, self.aside.read_text()
            assert time.monotonic() < deadline, self.aside.read_text()
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def started() -> Iterator[list[Process]]:
    found: list[Process] = []
    yield found
    for one in found:
        one.process.kill()
        one.process.wait()


def test_it_ends_at_the_end_that_the_topic_had(fed: FedLake) -> None:
    fed.feed(*range(6))
    assert set(row_ids(fed)) == ids(range(6))
    assert len(row_ids(fed, "-n", "2")) == 2
    assert row_ids(fed, "--since", "0s") == []
    assert set(row_ids(fed, "--since", "1h")) == ids(range(6))


def test_aborted_records_are_never_seen(fed: FedLake) -> None:
    fed.feed(0, 1)
    fed._producer.begin_transaction()
    fed._produce(b"aborted", 2, [])
    fed._producer.flush()
    fed._producer.abort_transaction()
    assert set(row_ids(fed)) == ids(range(2))


def test_what_can_not_be_read_is_named_and_left_out(fed: FedLake) -> None:
    fed.feed(0)
    fed.feed_rubbish()
    fed.feed(2)
    done = run(fed, "--json")
    assert [json.loads(line)["row_id"] for line in done.stdout.splitlines()] == [
        digest("row", 0),
        digest("row", 2),
    ]
    assert "pixelprose.captions.annotated.v1:0:" in done.stderr


def test_a_filter_means_the_same_on_the_topic_and_on_the_table(fed: FedLake) -> None:
    fed.sink(fed.feed(*range(4)))
    fed.feed(*range(4, 8))
    odd = f"row_id in ('{digest('row', 1)}', '{digest('row', 5)}') and signals['aesthetic'] > 1"
    assert set(row_ids(fed, "--where", odd)) == {digest("row", 1), digest("row", 5)}
    assert set(row_ids(fed, "--where", odd, "--from-table")) == set(row_ids(fed, "--where", odd))
    assert row_ids(fed, "--where", "signals['aesthetic'] > 99") == []


def test_rows_of_table_and_topic_look_alike(fed: FedLake) -> None:
    fed.sink(fed.feed(0, 1))
    (topic, _), (table, _) = (
        [json.loads(line) for line in run(fed, "--json", *words).stdout.splitlines()]
        for words in ((), ("--from-table",))
    )
    assert topic.keys() == table.keys()
    for group in ("caption", "signals", "annotation", "rights", "safety", "lineage"):
        assert topic[group].keys() == table[group].keys()


def test_a_filter_that_is_none_names_the_column(fed: FedLake) -> None:
    error = run(fed, "--where", "datset = 'x'").exception
    assert isinstance(error, LakeError)
    assert "captions.dataset" in str(error)


def test_no_group_keeps_a_position_unless_it_is_named(fed: FedLake) -> None:
    fed.feed(*range(4))
    assert set(row_ids(fed)) == ids(range(4))
    assert set(row_ids(fed)) == ids(range(4))
    assert set(row_ids(fed, "--group", f"{fed.settings.topic_prefix}mine")) == ids(range(4))
    fed.feed(4, 5)
    assert set(row_ids(fed, "--group", f"{fed.settings.topic_prefix}mine")) == ids(range(4, 6))
    asked = Consumer(
        {"bootstrap.servers": fed.settings.bootstrap_servers, "group.id": "pixelprose-captions"}
    )
    lanes = [TopicPartition(fed.topic, lane) for lane in range(LANES)]
    assert {at.offset for at in asked.committed(lanes, timeout=10)} == {-1001}
    asked.close()


def test_from_the_table_to_the_topic_there_is_no_gap_and_no_overlap(
    fed: FedLake, tmp_path: Path, started: list[Process]
) -> None:
    fed.sink(fed.feed(*range(6)))
    # A record whose row is there already: refused, and the position goes past it.
    assert fed.sink([*fed.feed(6), *fed.feed(5)]) == 1
    unsunk = fed.feed(7, 8)  # on the topic, and not in the table yet
    process = Process(fed, tmp_path, "--from-table", "--follow")
    started.append(process)
    number = 9

    def complete() -> bool:
        nonlocal number, unsunk
        if number < 20:
            # The sink goes on before, while and after the command opens the table.
            fed.sink(unsunk)
            unsunk = fed.feed(number)
            number += 1
        return number == 20 and len(process.row_ids()) >= number

    process.wait_for(complete)
    assert sorted(process.row_ids()) == sorted(ids(range(20)))
    assert process.end(signal.SIGTERM) == 0
    assert process.aside.read_text() == ""


def test_a_topic_that_lost_what_the_table_has_not_is_refused(fed: FedLake) -> None:
    fed.sink(fed.feed(0, 1))
    fed.feed(*range(2, 6))
    deleted(fed)
    error = run(fed, "--from-table").exception
    assert isinstance(error, CommandError)
    assert "no way over without a gap" in str(error)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(
    fed: FedLake, tmp_path: Path, started: list[Process], number: signal.Signals
) -> None:
    fed.feed(0, 1, 2)
    process = Process(fed, tmp_path, "--follow")
    started.append(process)
    process.wait_for(lambda: len(process.row_ids()) == 3)
    assert process.end(number) == 0
    assert process.aside.read_text() == ""


def test_a_reader_that_leaves_ends_it_in_order(fed: FedLake) -> None:
    fed.feed(*range(40))
    done = subprocess.run(
        f"set -o pipefail; {sys.executable} -m pixelprose.cli captions --json --follow | head -1",
        shell=True,
        executable="/bin/bash",
        env={**os.environ, **variables(fed)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["row_id"] in ids(range(40))


@pytest.mark.parametrize("width", [80, 120])
def test_cards_fit_the_terminal_and_cut_nothing(fed: FedLake, width: int) -> None:
    fed.feed(0)
    env = {**variables(fed), "COLUMNS": str(width)}
    done = CliRunner().invoke(app, ["captions"], env=env)
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= width
    assert "…" not in done.stdout
    assert "aesthetic" in done.stdout


def test_options_that_contradict_each_other_are_refused(fed: FedLake) -> None:
    error = run(fed, "--from-table", "--since", "1h").exception
    assert isinstance(error, CommandError)


def test_no_topic_is_one_message_that_says_what_to_do(
    kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    done = CliRunner().invoke(
        app,
        ["captions"],
        env={
            "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "PIXELPROSE_KAFKA__TOPIC_PREFIX": topic_prefix,
        },
    )
    assert "topics init" in str(done.exception)


def test_a_broker_that_goes_away_is_said_and_waited_for(
    jar_cache: JarCache, small: SmallLake, tmp_path: Path, started: list[Process]
) -> None:
    own = EmbeddedKafka(tmp_path / "kafka", jars=jar_cache)
    own.start()
    try:
        fed = FedLake(own.bootstrap_servers, "", small)
        fed.feed(0, 1)
        process = Process(fed, tmp_path, "--follow")
        started.append(process)
        process.wait_for(lambda: len(process.row_ids()) == 2)
        own.stop()
        process.wait_for(lambda: "No broker answers" in process.aside.read_text())
        own.start()
        fed.feed(2, 3)
        process.wait_for(lambda: len(process.row_ids()) == 4)
        process.wait_for(lambda: "is back" in process.aside.read_text())
        assert set(process.row_ids()) == ids(range(4))
        assert process.end(signal.SIGTERM) == 0
    finally:
        own.stop()
