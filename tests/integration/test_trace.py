"""`pixelprose trace` on a real broker and store: one submission of each kind of way."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from confluent_kafka import Message as KafkaMessage
from confluent_kafka import Producer
from rich.console import Console
from typer.testing import CliRunner, Result

from pixelprose.cli.app import app
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.errors import CommandError
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.topics_init import run_topics_init
from pixelprose.curator.testing import SmallLake, digest
from pixelprose.embedded import EmbeddedKafka, EmbeddedS3
from pixelprose.ingester.receipt import Accepted, Place, Receipt, encoded
from pixelprose.ingester.sources import named
from pixelprose.lake import CAPTIONS, REJECTIONS
from pixelprose.objectstore import (
    ObjectStore,
    image_rendition,
    quarantine_rendition,
    receipt,
    seen,
)
from pixelprose.records import (
    CaptionAnnotated,
    CaptionGenerated,
    Group,
    ImageAnnotated,
    ImageFetched,
    ImageRejected,
    ImageScreened,
    ImageSubmitted,
    Passing,
    RecordCodec,
    Registry,
    RegistrySettings,
    Submitted,
    Wire,
    topic_list,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.sink.rows import caption_row, rejection_row
from pixelprose.streamkit import Message, Outgoing, Reject, Retries, TopicPartition
from pixelprose.streamkit.letters import DeadLetters

pytestmark = pytest.mark.real

REGISTRY = Registry(RegistrySettings())
SUBMITTED = topic_of(ImageSubmitted)
SECRETS = ("jane.example", "Jane", "in the harbour")


def codec_of(service: str) -> RecordCodec:
    passing = Passing(
        service=service,
        stage=service.split(".", maxsplit=1)[0],
        version="1.2",
        instance="live",
        cluster="c",
    )
    return RecordCodec(passing, REGISTRY, now=lambda: datetime.now(UTC), canonical=named)


def an(record: type[Group], **groups: object) -> Any:  # noqa: ANN401 - the record of that class
    """The example of a record, with these groups."""
    made = example(packaged(), record, "full")
    known = {name: value for name, value in groups.items() if name in made.__struct_fields__}
    return msgspec.structs.replace(made, **{"lineage": (), **known})


@dataclass
class World:
    """A cluster, a store, and services that do as they are told."""

    config: Path
    settings: ClientSettings
    small: SmallLake
    producer: Producer

    @property
    def store(self) -> ObjectStore:
        return self.small.lake.store

    def put(self, out: Outgoing) -> Message:
        """Append, and return it as it lies on its topic."""
        lying: list[Message] = []

        def delivered(_: object, raw: KafkaMessage) -> None:
            at = TopicPartition(out.topic, raw.partition() or 0)
            time = datetime.fromtimestamp(raw.timestamp()[1] / 1000, UTC)
            offset = raw.offset() or 0
            lying.append(Message(at, offset, out.key, out.value, out.headers, time))

        physical = self.settings.kafka.physical(out.topic)
        self.producer.produce(
            physical, out.value, out.key, headers=list(out.headers), on_delivery=delivered
        )
        assert self.producer.flush(60) == 0
        return lying[0]

    def submit(self, name: str) -> tuple[Submitted, Message]:
        record = msgspec.structs.replace(
            example(packaged(), ImageSubmitted, "full"),
            url=f"https://jane.example/{name}.jpg",
            alt_text="Jane in the harbour",
        )
        headers = (("ce_source", b"a-list"), ("ce_id", name.encode()))
        value = Wire(ImageSubmitted, REGISTRY).encode(record)
        message = self.put(Outgoing(SUBMITTED, name.encode(), value, headers))
        return codec_of("ingester").decode(message), message

    def fetch(self, name: str, content: str | None = None) -> tuple[ImageFetched, Message]:
        submitted, cause = self.submit(name)
        sha256 = digest("bytes", content or name)
        made = an(ImageFetched, submission=submitted.submission(named(submitted.record.url)))
        made = msgspec.structs.replace(
            made, image=msgspec.structs.replace(made.image, sha256=sha256)
        )
        place = Place(cause.at.topic, cause.at.partition, cause.offset)
        kept = Receipt(
            submission_id=submitted.submission_id,
            attempt=0,
            place=place,
            decision=Accepted(made),
            decided_at=datetime.now(UTC),
        )
        put = self.store.put_if_absent
        put(receipt(submitted.submission_id), encoded(kept), content_type="application/json")
        put(quarantine_rendition(sha256), b"jpeg", content_type="image/jpeg")
        put(seen(sha256), submitted.submission_id.encode(), content_type="text/plain")
        return made, self._passed("ingester", made, cause)

    def onward(self, service: str, cause: Message, makes: type[Group]) -> tuple[Any, Message]:
        """What a service makes of a record: the example, around what came in."""
        record = codec_of(service).decode(cause)
        groups = {name: getattr(record, name) for name in record.__struct_fields__}
        made = an(makes, **groups)
        return made, self._passed(service, made, cause)

    def _passed(self, service: str, made: Group, cause: Message) -> Message:
        return self.put(codec_of(service).encode(made, cause))

    def reject(self, service: str, cause: Message, refusal: "Reject[Any]") -> Message:
        codec = codec_of(service)
        return self.put(codec.reject(refusal, codec.decode(cause), cause))

    def run(self, *words: str) -> Result:
        done = CliRunner().invoke(app, [*words, "--config", str(self.config)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def trace(self, what: str, *words: str) -> dict[str, Any]:
        done = self.run("trace", what, "--json", *words)
        found: dict[str, Any] = json.loads(done.stdout)
        missing = found["state"] == "not found"
        assert done.exit_code == (CommandExit.NOT_FOUND if missing else CommandExit.DONE)
        return found

    def only(self, what: str, *words: str) -> dict[str, Any]:
        found = self.trace(what, *words)
        assert found["state"] == "found", found
        (story,) = found["submissions"]
        return dict(story)


@pytest.fixture(scope="module")
def world(
    kafka: EmbeddedKafka, s3: EmbeddedS3, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    prefix, bucket = f"t{secrets.token_hex(4)}.", f"trace-{secrets.token_hex(4)}"
    file = tmp_path_factory.mktemp("trace") / "pixelprose.yaml"
    document = {
        "kafka": {"bootstrap_servers": kafka.bootstrap_servers, "topic_prefix": prefix},
        "store": {
            "endpoint": s3.access.endpoint,
            "bucket": bucket,
            "access_key": s3.access.access_key,
            "secret_key": s3.access.secret_key.get_secret_value(),
            "create_bucket": True,
        },
    }
    file.write_text(yaml.safe_dump(document))
    run_topics_init(file, 3, 1, Console(quiet=True))
    settings = client_settings(file)
    assert settings.store is not None
    producer = Producer({**settings.kafka.client(), "partitioner": "murmur2_random"})
    made = World(file, settings, SmallLake(settings.store), producer)
    made.store.prepare()
    yield made
    made.small.lake.close()


def captioned(world: World, name: str) -> tuple[CaptionAnnotated, Message]:
    record, cause = world.fetch(name)
    for service, makes in (
        ("safety-filter", ImageScreened),
        ("metadata-annotator.image", ImageAnnotated),
        ("captioner", CaptionGenerated),
        ("metadata-annotator.caption", CaptionAnnotated),
    ):
        record, cause = world.onward(service, cause, makes)
    world.store.put(image_rendition(record.image.sha256), b"jpeg", content_type="image/jpeg")
    lying = codec_of("sink").decode(cause)
    world.small.append(CAPTIONS, [caption_row(lying, cause, {})])
    return lying, cause


@pytest.fixture(scope="module")
def caption(world: World) -> CaptionAnnotated:
    return captioned(world, "captioned")[0]


WAYS: list[Callable[[CaptionAnnotated], str]] = [
    lambda one: one.submission.submission_id,
    lambda one: one.submission.submission_id[:12],
    lambda one: one.submission.image_id,
    lambda one: one.image.sha256,
    lambda one: one.caption.row_id,
    lambda _: "HTTPS://jane.example:443/captioned.jpg#top",
]


@pytest.mark.parametrize("way", WAYS, ids=["submission", "start", "image", "bytes", "row", "url"])
def test_every_name_of_an_image_leads_to_its_whole_way(
    world: World, caption: CaptionAnnotated, way: Callable[[CaptionAnnotated], str]
) -> None:
    found = world.trace(way(caption))
    stories = [
        one
        for one in found["submissions"]
        if one["submission_id"] == caption.submission.submission_id
    ]
    assert [one["state"] for one in stories] == ["captioned"]
    kinds = [event["what"] for event in stories[0]["events"]]
    assert kinds.index("fetched") < kinds.index("screened") < kinds.index("published")
    assert set(kinds) == {
        "submitted",
        "receipt",
        "fetched",
        "screened",
        "annotated",
        "captioned",
        "published",
        "row",
    }
    assert len(kinds) == len(set(kinds))
    published = next(one for one in stories[0]["events"] if one["what"] == "published")
    assert published["by"] == "metadata-annotator.caption 1.2"
    assert published["facts"]["row_id"] == caption.caption.row_id


def test_objects_are_there_or_not(world: World, caption: CaptionAnnotated) -> None:
    objects = {
        one["key"]: one
        for one in world.trace(caption.submission.submission_id)["objects"]
        if caption.image.sha256 in one["key"]
    }
    there = {key.split("/", 1)[0] + "/" + key[-4:] for key, one in objects.items() if one["there"]}
    assert there == {"quarantine/.jpg", "images/.jpg", f"seen/{caption.image.sha256[-4:]}"}
    assert len(objects) == 5
    assert objects[seen(caption.image.sha256)]["owner"] == caption.submission.submission_id


def test_nothing_personal_is_shown_unless_asked(world: World, caption: CaptionAnnotated) -> None:
    who = caption.submission.submission_id
    masked = world.run("trace", who).stdout + world.run("trace", who, "--json").stdout
    assert not [word for word in SECRETS if word in masked]
    assert "Masked" in masked
    shown = world.run("trace", who, "--show-personal-data").stdout
    assert [word for word in SECRETS if word in shown] == list(SECRETS)


@pytest.mark.parametrize("width", [80, 120])
def test_the_way_fits_the_terminal_and_cuts_nothing(
    world: World, caption: CaptionAnnotated, width: int
) -> None:
    words = ["trace", caption.image.sha256, "--config", str(world.config)]
    done = CliRunner().invoke(app, words, env={"COLUMNS": str(width)})
    assert done.exit_code == 0
    assert max(map(len, done.stdout.splitlines())) <= width
    assert "…" not in done.stdout
    assert "captioned" in done.stdout


def test_a_retry_is_a_second_attempt_with_who_decided(world: World) -> None:
    submitted, cause = world.submit("slow")
    world.reject("ingester", cause, Reject("timeout", "no answer in 10 s"))
    assert world.only("https://jane.example/slow.jpg")["state"] == "rejected: timeout"
    assert world.run("retry", "--reason", "timeout", "--yes").exit_code == 0
    story = world.only(submitted.submission_id)
    assert story["state"] == "in work: ingester is next"
    told = {(one["attempt"], one["what"]) for one in story["events"]}
    assert {(0, "submitted"), (0, "rejected"), (0, "redriven"), (1, "submitted")} <= told
    rejected = next(one for one in story["events"] if one["what"] == "rejected")
    assert rejected["facts"]["detail"] == "no answer in 10 s"


def test_a_dead_letter_says_its_error_and_where_it_lies(world: World) -> None:
    record, cause = world.fetch("broken")
    letters = DeadLetters("safety-filter", version="1.2")
    out = letters.of(cause, "unknown_error", error_class="ValueError", error_text="Jane!")
    lying = world.put(out)
    story = world.only(record.submission.submission_id)
    assert story["state"] == "dead letter: unknown_error"
    (letter,) = (one for one in story["events"] if one["what"] == "dead letter")
    assert letter["facts"]["error"] == "ValueError"
    assert letter["facts"]["id"] == f"{lying.at.topic}:{lying.at.partition}:{lying.offset}"


def test_a_dead_letter_of_a_submission_is_found_by_its_url(world: World) -> None:
    _, cause = world.submit("fatal")
    letters = DeadLetters("ingester", version="1.2")
    world.put(letters.of(cause, "unknown_error", error_class="KeyError", error_text="x"))
    story = world.only("https://jane.example/fatal.jpg")
    assert story["state"] == "dead letter: unknown_error"


def test_a_duplicate_names_its_owner(world: World, caption: CaptionAnnotated) -> None:
    owner = caption.submission.submission_id
    fetched, _ = world.fetch("again", content="captioned")
    _, cause = world.submit("again")
    lying = world.reject("ingester", cause, Reject("duplicate_content", duplicate_of=owner))
    rejected = Wire(ImageRejected, REGISTRY).decode(lying.value)
    world.small.append(REJECTIONS, [rejection_row(rejected, lying, {})])
    story = world.only(rejected.submission.submission_id)
    assert story["state"] == "rejected: duplicate_content"
    assert {one["facts"].get("owner") for one in story["events"]} == {None, owner}
    assert fetched.submission.submission_id == rejected.submission.submission_id


def test_what_waits_says_for_what(world: World) -> None:
    submitted, cause = world.submit("busy")
    tiers = topic_list().retry_tiers("ingester")
    out = Retries(tiers).put_off(cause, "host_busy", least_seconds=0)
    assert out is not None
    world.put(out)
    story = world.only(submitted.submission_id)
    assert story["state"] == "waits to be tried again: host_busy"
    assert {"submitted", "waits"} == {one["what"] for one in story["events"]}


def test_what_nobody_has_begun_is_found_by_its_url(world: World) -> None:
    submitted, _ = world.submit("fresh")
    story = world.only("https://jane.example/fresh.jpg")
    assert story["submission_id"] == submitted.submission_id
    assert story["state"] == "in work: ingester is next"


def test_of_a_known_hash_nothing_is_said_but_blocked(world: World) -> None:
    record, cause = world.fetch("known")
    world.reject("safety-filter", cause, Reject("blocked", "a secret", {"distance": 3.0}))
    ids = record.submission.submission_id, record.submission.image_id, record.image.sha256
    for what in (*ids, "https://jane.example/known.jpg"):
        assert world.trace(what, "--show-personal-data") == {"state": "blocked"}
        assert world.run("trace", what, "--show-personal-data").stdout == "blocked\n"


def test_a_duplicate_of_what_is_blocked_is_blocked(world: World) -> None:
    owner, cause = world.fetch("hidden")
    world.reject("safety-filter", cause, Reject("blocked"))
    copy, _ = world.fetch("hidden-again", content="hidden")
    _, cause = world.submit("hidden-again")
    who = owner.submission.submission_id
    world.reject("ingester", cause, Reject("duplicate_content", duplicate_of=who))
    assert world.trace(copy.submission.submission_id) == {"state": "blocked"}
    assert world.trace("https://jane.example/hidden-again.jpg") == {"state": "blocked"}


def test_what_is_nowhere_is_told_with_where_it_was_looked_for(world: World) -> None:
    found = world.trace(digest("nobody"))
    assert found["submissions"] == []
    assert [one for one in found["looked"] if "submitted" in one]
    done = world.run("trace", "https://jane.example/nowhere.jpg")
    assert done.exit_code == CommandExit.NOT_FOUND
    assert "Not found" in done.stdout
    assert "pixelprose status" in done.stdout


def test_since_leaves_out_what_is_older(world: World, caption: CaptionAnnotated) -> None:
    story = world.only(caption.submission.submission_id, "--since", "0s")
    kinds = {one["what"] for one in story["events"]}
    assert "published" not in kinds
    assert {"row", "receipt", "passed on"} <= kinds
    assert story["state"] == "captioned"


def test_what_is_no_name_is_refused(world: World) -> None:
    with pytest.raises(CommandError, match="submission_id"):
        world.run("trace", "Jane")
