"""Redrives on a real broker: each dead letter once, whoever repeats the command, and when."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml
from confluent_kafka import Producer
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.outcomes import OutcomeReader
from pixelprose.cli.redrive.archive import LEDGER, Archive
from pixelprose.cli.redrive.decision import Deciding
from pixelprose.cli.redrive.drive import NAME, drive
from pixelprose.cli.redrive.failure import Place
from pixelprose.cli.redrive.reading import Span, read, spans, whole
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import Appender
from pixelprose.kafkalog.settings import producer_configuration
from pixelprose.records import (
    ImageAnnotated,
    ImageSubmitted,
    Passing,
    RecordCodec,
    Registry,
    RegistrySettings,
    Submitted,
    Wire,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.streamkit import Message, Outgoing, Reject, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

pytestmark = pytest.mark.real

LETTERS = 5
REGISTRY = Registry(RegistrySettings())
SUBMISSIONS = topic_of(ImageSubmitted)
SUBMITTED = example(packaged(), ImageSubmitted, "full")
ANNOTATED = example(packaged(), ImageAnnotated, "full")
SECRETS = ("jane.example", "Jane", "in the harbour")


@dataclass
class World:
    """A cluster's topics, some dead letters on them, and the command line."""

    config: Path
    settings: ClientSettings

    def put(self, *outgoing: Outgoing) -> None:
        seed = Appender(self.settings.kafka, name="seed")
        seed.open()
        assert seed.append(outgoing)

    def run(self, *arguments: str) -> tuple[int, str]:
        said = CliRunner().invoke(app, [*arguments, "--config", str(self.config)])
        if isinstance(said.exception, CommandError):
            raise said.exception
        assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
        return said.exit_code, said.output

    def listed(self, *arguments: str) -> list[dict[str, object]]:
        code, said = self.run("dlq", "list", "--json", *arguments)
        assert code == 0
        return [json.loads(line) for line in said.splitlines()]

    def done(self, *arguments: str) -> dict[str, object]:
        _, said = self.run(*arguments, "--yes", "--json")
        found: dict[str, object] = json.loads(said)
        return found

    def messages(self, topic: str) -> list[Message]:
        """What a read_committed reader sees."""
        kafka = self.settings.kafka
        return list(read(kafka, spans(kafka, frozenset({topic}))))

    def decoded(self, topic: str) -> list[Submitted]:
        archive = self.archive()
        return [archive.codec.decode(message) for message in self.messages(topic)]

    def archive(self) -> Archive:
        return Archive(self.settings)

    def attempts(self) -> Counter[tuple[str, int]]:
        """How often each attempt of each submission was put back."""
        return Counter((one.submission_id, one.attempt) for one in self.decoded(SUBMISSIONS))


def codec_of(service: str) -> RecordCodec:
    passing = Passing(service=service, stage=service, version="1", instance="live", cluster="c")
    return RecordCodec(passing, REGISTRY, now=lambda: datetime.now(UTC))


def submitted(number: int) -> Message:
    record = msgspec.structs.replace(
        SUBMITTED, url=f"https://jane.example/{number}.jpg", alt_text="Jane in the harbour"
    )
    value = Wire(ImageSubmitted, REGISTRY).encode(record)
    headers = (("ce_source", b"https://jane.example"), ("ce_id", str(number).encode()))
    at = TopicPartition(SUBMISSIONS, 0)
    return Message(at, number, f"jane-{number}".encode(), value, headers, datetime.now(UTC))


def letter(number: int, *, reason: str = "unknown_error") -> Outgoing:
    return DeadLetters("ingester", version="1").of(
        submitted(number), reason, error_class="ValueError", error_text="Jane in the harbour"
    )


@pytest.fixture
def world(kafka: EmbeddedKafka, topic_prefix: str, tmp_path: Path) -> World:
    file = tmp_path / "pixelprose.yaml"
    servers = {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": topic_prefix}
    file.write_text(yaml.safe_dump({"kafka": servers}))
    run_topics_init(file, 2, 1, Console(quiet=True))
    made = World(file, client_settings(file))
    made.put(*(letter(number) for number in range(LETTERS)))
    return made


def each_once(world: World, attempt: int = 1) -> None:
    """Every dead letter was put back exactly once, and the ledger says so of each."""
    attempts = world.attempts()
    assert set(attempts.values()) == {1}
    assert len(attempts) == LETTERS
    assert {number for _, number in attempts} == {attempt}
    entries = [world.archive().wire.decode(message.value) for message in world.messages(LEDGER)]
    assert len(entries) == LETTERS
    assert {(entry.submission_id, entry.attempt) for entry in entries} == set(attempts)


def test_a_repeated_command_puts_nothing_back_again(world: World) -> None:
    assert world.done("dlq", "redrive")["done"] == LETTERS
    each_once(world)
    assert world.done("dlq", "redrive")["done"] == 0
    each_once(world)
    assert world.listed() == []
    assert {one["state"] for one in world.listed("--all")} == {"redriven"}


def test_the_key_of_the_ledger_is_the_place_of_the_dead_letter(world: World) -> None:
    world.done("dlq", "redrive")
    places = {str(one["id"]).encode() for one in world.listed("--all")}
    assert {message.key for message in world.messages(LEDGER)} == places


def test_the_submission_and_the_attempt_arrive_in_the_ingester(world: World) -> None:
    world.done("dlq", "redrive")
    ingester = codec_of("ingester")
    before = {ingester.decode(submitted(number)).submission_id for number in range(LETTERS)}
    after = [ingester.decode(message) for message in world.messages(SUBMISSIONS)]
    assert {one.submission_id for one in after} == before
    assert {one.attempt for one in after} == {1}


class Interrupted(Appender):
    """Lets somebody else act just before its first transaction."""

    def __init__(self, world: World, act: Callable[[], object]) -> None:
        super().__init__(world.settings.kafka, name=NAME)
        self.act = act
        self.acted = False

    def append(self, outgoing: Sequence[Outgoing]) -> bool:
        if not self.acted:
            self.acted = True
            self.act()
        return super().append(outgoing)


def places(world: World) -> frozenset[Place]:
    return frozenset(Place.parse(str(one["id"])) for one in world.listed())


def deciding(archive: Archive) -> Deciding:
    return Deciding(archive.codec, archive.kafka, by="test", now=lambda: datetime.now(UTC))


def test_of_two_at_once_one_is_told_so_and_nothing_is_put_back_twice(world: World) -> None:
    archive = world.archive()
    chosen = places(world)
    other = Interrupted(world, lambda: world.done("dlq", "redrive"))
    with pytest.raises(CommandError, match="another redrive began"):
        drive(archive, chosen, deciding(archive).put_back, appender=other)
    assert other.acted
    each_once(world)


def test_what_a_killed_run_left_open_is_never_seen_and_done_by_the_next(world: World) -> None:
    archive = world.archive()
    decided = [
        deciding(archive).put_back(failure, archive.ledger()) for failure in archive.failures()
    ]
    kafka = world.settings.kafka
    killed = Producer(producer_configuration(kafka, transactional_id=kafka.physical(NAME)))
    killed.init_transactions(10)
    killed.begin_transaction()
    for one in decided:
        (out,) = one.outgoing  # type: ignore[union-attr]  # none is refused
        killed.produce(kafka.physical(out.topic), out.value, out.key, headers=list(out.headers))
        killed.produce(kafka.physical(LEDGER), b"never to be read", b"key")
    assert killed.flush(10) == 0
    assert world.done("dlq", "redrive")["done"] == LETTERS
    each_once(world)


def test_a_run_that_dies_after_its_commit_is_not_repeated(world: World) -> None:
    class Died(Exception):
        pass

    class Dies(Appender):
        def append(self, outgoing: Sequence[Outgoing]) -> bool:
            assert super().append(outgoing)
            raise Died

    archive = world.archive()
    dies = Dies(world.settings.kafka, name=NAME)
    with pytest.raises(Died):
        drive(archive, places(world), deciding(archive).put_back, appender=dies)
    assert world.done("dlq", "redrive")["done"] == 0
    each_once(world)


def test_an_aborted_transaction_is_tried_again_as_it_was(world: World) -> None:
    class AbortsFirst(Appender):
        left = 2

        def append(self, outgoing: Sequence[Outgoing]) -> bool:
            self.left -= 1
            return self.left < 0 and super().append(outgoing)

    archive = world.archive()
    aborts = AbortsFirst(world.settings.kafka, name=NAME)
    report = drive(archive, places(world), deciding(archive).put_back, appender=aborts)
    assert report.done == LETTERS
    each_once(world)


def test_a_dead_letter_of_a_second_attempt_is_put_back_as_the_third(world: World) -> None:
    world.done("dlq", "redrive")
    again = world.messages(SUBMISSIONS)[0]
    letters = DeadLetters("ingester", version="1")
    world.put(letters.of(again, "unknown_error", error_class="E", error_text=""))
    assert world.done("dlq", "redrive")["done"] == 1
    who = world.archive().codec.decode(again).submission_id
    assert world.attempts()[who, 2] == 1


def test_a_dry_run_changes_nothing(world: World) -> None:
    code, said = world.run("dlq", "redrive", "--dry-run")
    assert code == 0
    assert f"{LETTERS} would be put back" in said
    assert world.messages(SUBMISSIONS) == []
    assert world.messages(LEDGER) == []
    assert len(world.listed()) == LETTERS


def test_a_question_answered_with_no_changes_nothing(world: World) -> None:
    said = CliRunner().invoke(app, ["dlq", "drop", "--config", str(world.config)], input="n\n")
    assert said.exit_code == 1
    assert "Nothing was done" in said.output
    assert world.messages(LEDGER) == []


def test_what_was_dropped_is_listed_no_more_and_never_put_back(world: World) -> None:
    assert world.done("dlq", "drop", "--because", "a test")["done"] == LETTERS
    assert world.listed() == []
    assert world.done("dlq", "redrive")["done"] == 0
    assert world.messages(SUBMISSIONS) == []
    (first, *_) = world.listed("--all")
    assert (first["state"], first["note"]) == ("dropped", "a test")


def test_filters_choose_what_is_put_back(world: World) -> None:
    world.put(letter(LETTERS, reason="undecodable"))
    first = str(world.listed("--reason", "unknown_error")[0]["id"])
    assert world.done("dlq", "redrive", "--since", "1h", "--topic", "images.fetched")["done"] == 0
    assert world.done("dlq", "redrive", "--until", "1h")["done"] == 0
    assert world.done("dlq", "redrive", "--id", first)["done"] == 1
    assert world.done("dlq", "redrive", "--reason", "unknown_error", "--limit", "2")["done"] == 2
    submission = str(world.listed("--reason", "undecodable")[0]["submission_id"])
    assert world.done("dlq", "redrive", "--submission", submission[:10])["done"] == 1
    assert world.done("dlq", "redrive", "--service", "ingester", "--since", "1h")["done"] == 2
    assert len(world.messages(SUBMISSIONS)) == LETTERS + 1


def test_nothing_personal_is_printed_unless_it_is_asked_for(world: World) -> None:
    id_ = str(world.listed()[0]["id"])
    for command in (["list"], ["list", "--json"], ["show", id_], ["show", id_, "--json"]):
        _, masked = world.run("dlq", *command)
        assert "ValueError" in masked
        assert not [secret for secret in SECRETS if secret in masked], command
    _, shown = world.run("dlq", "show", id_, "--show-personal-data", "--json")
    assert [secret for secret in SECRETS if secret in shown] == list(SECRETS)
    _, listed = world.run("dlq", "list", "--show-personal-data", "--json")
    assert listed.count("Jane in the harbour") == LETTERS * 2


def test_a_record_that_cannot_be_read_stays_and_the_exit_code_says_so(world: World) -> None:
    at = TopicPartition(topic_of(ImageAnnotated), 0)
    broken = Message(at, 1, b"k", b"\1broken", (), datetime.now(UTC))
    letters = DeadLetters("captioner", version="1")
    world.put(letters.of(broken, "undecodable", error_class="Undecodable", error_text="x"))
    code, said = world.run("dlq", "redrive", "--yes")
    assert code == 3
    assert f"{LETTERS} put back." in said
    assert "stays: " in said
    assert len(world.listed()) == 1
    assert world.done("dlq", "drop")["done"] == 1


def test_an_id_that_is_not_there_is_refused(world: World) -> None:
    dlq = f"{SUBMISSIONS}.ingester.dlq"
    with pytest.raises(CommandError, match="ends before it"):
        world.run("dlq", "show", f"{dlq}:0:999")
    with pytest.raises(CommandError, match="no such partition"):
        world.run("dlq", "redrive", "--id", f"{dlq}:9:0")


def test_an_open_transaction_in_the_way_is_said_and_nothing_is_decided(world: World) -> None:
    kafka = world.settings.kafka
    stranger = Producer(producer_configuration(kafka, transactional_id=kafka.physical("stranger")))
    stranger.init_transactions(10)
    stranger.begin_transaction()
    stranger.produce(kafka.physical(LEDGER), b"x", b"k", partition=0)
    assert stranger.flush(10) == 0
    everything = whole(kafka, frozenset({LEDGER}))
    with pytest.raises(CommandError, match="a transaction is open"):
        list(read(kafka, everything, silence_seconds=1))
    # Who only looks is not held up by it.
    assert len(world.listed()) == LETTERS
    stranger.abort_transaction(10)
    assert list(read(kafka, everything)) == []


def test_a_span_ends_where_it_ended_when_it_was_asked_for(world: World) -> None:
    dlq = f"{SUBMISSIONS}.ingester.dlq"
    before = spans(world.settings.kafka, frozenset({dlq}))
    world.put(letter(LETTERS))
    assert len(list(read(world.settings.kafka, before))) == LETTERS
    first = next(iter(before))
    assert list(read(world.settings.kafka, {first: Span(0, 0)})) == []


def test_a_rejection_is_tried_again_once_from_the_stage_that_said_no(world: World) -> None:
    captioner = codec_of("captioner")
    at = TopicPartition(topic_of(ImageAnnotated), 0)
    value = Wire(ImageAnnotated, REGISTRY).encode(ANNOTATED)
    cause = Message(at, 4, b"k", value, (), datetime.now(UTC))
    world.put(captioner.reject(Reject("not_selected"), ANNOTATED, cause))
    assert world.done("retry", "--reason", "timeout")["done"] == 0
    assert world.done("retry", "--reason", "timeout,not_selected")["done"] == 1
    assert world.done("retry", "--reason", "not_selected")["done"] == 0
    (again,) = world.decoded(topic_of(ImageAnnotated))
    assert again.submission.attempt == ANNOTATED.submission.attempt + 1  # type: ignore[attr-defined]  # an ImageAnnotated


def test_an_independent_reader_counts_a_submission_by_its_highest_attempt(world: World) -> None:
    world.done("dlq", "redrive", "--limit", "2")
    letters = DeadLetters("ingester", version="1")
    again = world.messages(SUBMISSIONS)[0]
    world.put(letters.of(again, "invalid_record", error_class="E", error_text=""))
    reader = OutcomeReader(world.settings.kafka, world.settings.registry)
    try:
        reader.read(seconds=3)
    finally:
        reader.close()
    ends = reader.outcomes.ends
    assert ends.reasons("dead_letter") == {"unknown_error": LETTERS - 1, "invalid_record": 1}
    assert ends.count("dead_letter") == LETTERS
    assert ends.twice() == []
