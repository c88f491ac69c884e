"""`pixelprose try`: stages of a toy pipeline, then the services' own, on the demo's models."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner, Result

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.cli.scenario import known_seeds
from pixelprose.cli.trial.ending import Trial
from pixelprose.cli.trial.line import Station, travel
from pixelprose.demoworld import HELDOUT_FROM, encode, render, scene, unsafe_scene
from pixelprose.records import (
    ImageFetched,
    ImageScreened,
    Passing,
    RecordCodec,
    Registry,
    RegistrySettings,
    Stage,
    Wire,
    topic_of,
)
from pixelprose.records.examples import example
from pixelprose.records.files import packaged
from pixelprose.streamkit import (
    DeadLetter,
    Emit,
    Inline,
    Later,
    Message,
    Outcome,
    Reject,
    Skip,
    Stop,
    TopicPartition,
)

REGISTRY = Registry(RegistrySettings())
FETCHED = example(packaged(), ImageFetched, "full")
SCREENED = example(packaged(), ImageScreened, "full")


def first() -> Message:
    value = Wire(ImageFetched, REGISTRY).encode(FETCHED)
    at = TopicPartition(topic_of(ImageFetched), 0)
    return Message(at, 0, b"key", value, (), datetime(2026, 3, 2, tzinfo=UTC))


class Toys:
    """Stations around steps of a test, and which of them were opened and closed."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.owned: list[object] = []

    def station(self, name: str, step: Callable[[Any], Outcome[Any]]) -> Station:
        def made() -> tuple[Stage, RecordCodec]:
            self.opened.append(name)
            stage = Stage(
                service=name,
                reads=ImageFetched,
                worker=Inline(step),
                owning=self.owned.append,
                close=lambda: self.closed.append(name),
            )
            passing = Passing(service=name, stage=name, version="1", instance="live", cluster="c")
            return stage, RecordCodec(passing, REGISTRY, now=lambda: datetime.now(UTC))

        return Station(name, made)


def test_each_stage_reads_what_the_one_before_wrote_with_its_lineage() -> None:
    toys, seen = Toys(), []

    def last(record: ImageScreened) -> Outcome[Any]:
        seen.append(record)
        return Skip("already_submitted")

    turns = list(
        travel(
            first(),
            [
                toys.station("safety-filter", lambda _: Emit((SCREENED,))),
                toys.station("metadata-annotator", last),
            ],
        )
    )
    assert [type(turn.outcome) for turn in turns] == [Emit, Skip]
    assert [hop.service for hop in seen[0].lineage][-1] == "safety-filter"
    assert toys.opened == toys.closed == ["safety-filter", "metadata-annotator"]
    assert len(toys.owned) == 2
    assert Trial(turns).state == "skipped"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Reject("nsfw", "too much", {"nsfw": 0.9}), "rejected"),
        (Later("host_busy"), "waits"),
        (DeadLetter("broken_rendition", "no JPEG"), "dead letter"),
    ],
)
def test_after_an_end_no_other_stage_is_opened(outcome: Outcome[Any], state: str) -> None:
    toys = Toys()
    stations = [toys.station("safety-filter", lambda _: outcome), toys.station("captioner", Emit)]
    turns = list(travel(first(), stations))
    assert toys.opened == ["safety-filter"]
    trial = Trial(turns)
    assert trial.state == state
    assert len(trial.rows()) == (state == "rejected")


def test_what_a_step_raises_is_raised_and_the_stage_is_closed() -> None:
    toys = Toys()

    def step(_: object) -> Outcome[Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(travel(first(), [toys.station("captioner", step)]))
    assert toys.closed == ["captioner"]


def test_of_a_known_hash_nothing_is_kept() -> None:
    toys = Toys()
    incident = msgspec.structs.replace(SCREENED)
    blocked = Reject("blocked", "a secret", {"distance": 3.0}, also=(incident,))
    trial = Trial(list(travel(first(), [toys.station("safety-filter", lambda _: blocked)])))
    assert trial.state == "blocked"
    assert trial.rows() == []
    assert trial.turns[0].onward == ()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    done = CliRunner().invoke(app, ["try", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0
    return done


def picture(folder: Path, seed: int) -> Path:
    path = folder / "picture.jpg"
    path.write_bytes(encode(render(scene(seed), size=384), "JPEG"))
    return path


def test_a_picture_comes_through_all_steps_of_the_services(folder: Path) -> None:
    image = picture(folder, HELDOUT_FROM + 3)
    document = json.loads(run(str(image), "--json", "--alt-text", "Call 555 123 4567").stdout)
    assert document["state"] == "captioned"
    assert [one["step"] for one in document["steps"]] == [
        "ingester",
        "safety-filter",
        "metadata-annotator.image",
        "captioner",
        "metadata-annotator.caption",
    ]
    (row,) = document["rows"]
    assert [hop["service"] for hop in row["lineage"]["hops"]] == [
        one["step"] for one in document["steps"]
    ]
    assert row["caption"]["model"]["name"] == "demo-captioner"
    assert "555" not in row["source"]["alt_text"]
    assert (folder / document["files"][0]).name == "record.jsonl"
    assert (folder / document["files"][1]).read_bytes().startswith(b"\xff\xd8")


def test_an_unsafe_picture_is_rejected_with_its_scores(folder: Path) -> None:
    image = folder / "unsafe.jpg"
    image.write_bytes(encode(render(unsafe_scene(HELDOUT_FROM + 5), size=384), "JPEG"))
    said = run(str(image)).stdout
    assert "rejected: nsfw" in said
    assert "nsfw 0." in said or "nsfw 1" in said
    assert "captioner" not in said


def test_a_known_picture_is_blocked_and_leaves_nothing(folder: Path) -> None:
    said = run(str(picture(folder, known_seeds(known=3, seed=1)[0]))).stdout
    assert said.rstrip().endswith("blocked")
    assert not (folder / "pixelprose-try").exists()


def test_what_is_no_image_says_so(folder: Path) -> None:
    page = folder / "page.jpg"
    page.write_text("<html>")
    document = json.loads(run(str(page), "--json").stdout)
    assert document["state"] == "rejected"
    assert document["rows"][0]["reason"] == "not_an_image"


def test_what_is_not_there_is_one_message(folder: Path) -> None:  # noqa: ARG001 - works there
    with pytest.raises(CommandError, match="no such file"):
        run("nowhere.jpg")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("safety_filter: {}", "safety_filter.hash_lists"),
        ("captoiner: {}", "did you mean 'captioner'"),
        ("captioner: {modell: x}", "captioner.modell"),
    ],
)
def test_what_a_service_would_refuse_is_refused_in_its_words(
    folder: Path, text: str, said: str
) -> None:
    config = folder / "own.yaml"
    config.write_text(text)
    with pytest.raises(Stop, match=said):
        run(str(picture(folder, HELDOUT_FROM + 3)), "--config", str(config))
