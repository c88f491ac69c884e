"""A plan: shares, rates and sizes in; hours, bytes and money out; unknown stays unknown."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.cli.plan.figures import BY_DEFAULT, MEANINGS, Figure, count_of, given
from pixelprose.cli.plan.probe import Probe, measure
from pixelprose.cli.plan.reckon import reckon
from pixelprose.curator.testing import a_caption, digest, small_lake
from pixelprose.embedded import EmbeddedS3
from pixelprose.lake import DEAD_LETTERS, IMAGES
from pixelprose.lake.rows import ImageRow

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ASSUMED = [
    "share.fetched=0.5",
    "share.screened=0.9",
    "share.asked=0.8",
    "share.captioned=1",
    "rate.ingester=100",
    "rate.safety-filter=50",
    "rate.annotator=25",
    "rate.captioner=10",
    "bytes.original=1e6",
    "bytes.rendition=1e5",
    "bytes.image_row=1000",
    "bytes.caption_row=2000",
    "bytes.rejection_row=500",
    "redirects=0.25",
]


def probe(**changes: object) -> Probe:
    values: dict[str, object] = {
        "measured_at": NOON,
        "dataset": "sample",
        "captioner": "HuggingFaceTB/SmolVLM-500M-Instruct",
        "submitted": 400,
        "fetched": 300,
        "annotated": 270,
        "asked": 200,
        "captioned": 190,
        "reasons": {"ingester: http_not_found": 100},
        "dead_letters": 0,
        "processes": 2,
        "stages": {
            "ingester": {"records": 400, "seconds": 40},
            "captioner": {"records": 190, "seconds": 950},
        },
        "bytes": {"original": 5e5, "rendition": 1e5},
        "redirects": 0.1,
    }
    return Probe.model_validate({**values, **changes})


def test_the_slowest_stage_decides() -> None:
    plan = reckon(1_000_000, {**BY_DEFAULT, **given(ASSUMED)})

    hours = {stage.stage: stage.hours for stage in plan.stages}
    assert hours == pytest.approx(
        {
            "ingester": 1e6 / 100 / 3600,
            "safety-filter": 5e5 / 50 / 3600,
            "annotator": 4.5e5 / 25 / 3600,
            "captioner": 3.6e5 / 10 / 3600,
        }
    )
    assert (plan.slowest, plan.hours) == ("captioner", hours["captioner"])


def test_more_processes_share_a_stage() -> None:
    figures = {**BY_DEFAULT, **given([*ASSUMED, "processes.captioner=8"])}

    plan = reckon(1_000_000, figures)

    assert plan.slowest == "annotator"
    assert plan.stages[3].hours == pytest.approx(3.6e5 / 80 / 3600)


def test_bytes_requests_and_money_follow_from_the_counts() -> None:
    prices = ["price.gpu_hour=2", "price.tb_in=1", "price.tb_month=20", "price.process_hour=0.1"]
    plan = reckon(
        1_000_000,
        {**BY_DEFAULT, **given([*ASSUMED, *prices, "price.million_writes=5"])},
    )

    assert plan.counts["captioned"] == pytest.approx(360_000)
    assert plan.terabytes["fetched from the web"] == pytest.approx(0.5)
    assert plan.terabytes["images that stay"] == pytest.approx(0.045)
    tables = (450_000 * 1000 + 360_000 * 2000 + 640_000 * 500) / 1e12
    assert plan.terabytes["tables"] == pytest.approx(tables)
    assert plan.requests["to the web"] == pytest.approx(1_250_000)
    assert plan.requests["writes to the store"] == pytest.approx(1e6 + 3 * 5e5 + 4.5e5)
    assert plan.money["GPUs"] == pytest.approx(20)
    assert plan.money["fetching"] == pytest.approx(0.5)
    assert plan.money["storage, a month"] == pytest.approx(20 * (0.045 + tables))
    assert plan.money["reads"] is None
    assert plan.unknown == ("price.million_reads",)


def test_without_figures_all_is_unknown_and_nothing_invented() -> None:
    plan = reckon(10_000_000, BY_DEFAULT)

    assert plan.hours is None
    assert set(plan.terabytes.values()) == {None}
    assert set(plan.money.values()) == {None}
    assert {"share.fetched", "rate.captioner", "bytes.original", "price.gpu_hour"} <= set(
        plan.unknown
    )


@drawn(st.sets(st.sampled_from(sorted(MEANINGS))), st.integers(1, 10**9))
def test_a_figure_that_is_missing_is_named_or_not_needed(names: set[str], urls: int) -> None:
    plan = reckon(urls, {name: Figure(0.5, "given") for name in names})

    assert not names & set(plan.unknown)
    assert names | set(plan.unknown) == set(MEANINGS)


def test_a_probe_gives_shares_and_rates_for_one_process() -> None:
    figures = probe().figures()

    assert figures["share.fetched"] == Figure(0.75, "measured")
    assert figures["share.captioned"].value == pytest.approx(0.95)
    assert figures["rate.ingester"].value == pytest.approx(5)  # of two processes
    assert figures["rate.captioner"].value == pytest.approx(0.2)  # seconds are counted singly
    assert "rate.annotator" not in figures


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rate.captioner", "NAME=VALUE"),
        ("speed=5", "rate.captioner"),
        ("share.fetched=1.5", "not from 0 to 1"),
        ("rate.captioner=-1", "not from 0"),
        ("rate.captioner=fast", "no number"),
        ("rate.captioner=inf", "not from 0"),
    ],
)
def test_an_assumption_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        given([text])


@pytest.mark.parametrize(
    ("text", "count"), [("10M", 10_000_000), ("250k", 250_000), ("1.5m", 1_500_000), ("7", 7)]
)
def test_counts_are_said_as_people_say_them(text: str, count: int) -> None:
    assert count_of(text) == count


@pytest.mark.parametrize("text", ["", "M", "-5", "0", "ten"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--urls"):
        count_of(text)


class Answers:
    """A table that answers each query by what it asks for."""

    def __init__(self, *answers: tuple[str, list[dict[str, Any]]]) -> None:
        self._answers = answers

    def records(self, sql: str) -> list[dict[str, Any]]:
        return next(rows for asked, rows in self._answers if asked in sql)


def tables(*, images: int = 60) -> dict[str, Answers]:
    of_images = {
        "n": images,
        "original": 5e5,
        "rendition": 1e5,
        "redirects": 0.5,
        "screening": 30.0,
        "annotating": 60.0,
    }
    span = {"first": NOON, "last": NOON + timedelta(seconds=50)}
    no = [
        {"stage": "ingester", "reason": "http_not_found", "n": 30},
        {"stage": "safety-filter", "reason": "nsfw", "n": 10},
        {"stage": "captioner", "reason": "not_selected", "n": 20},
        {"stage": "captioner", "reason": "repetitive", "n": 4},
    ]
    return {
        "images": Answers(("as first", [span]), ("count(*)", [of_images])),
        "captions": Answers(("count(*)", [{"n": 36, "seconds": 72.0, "model": "a-vlm"}])),
        "rejections": Answers(
            ("as first", [{"first": NOON, "last": NOON + timedelta(seconds=20)}]), ("stage", no)
        ),
        "dead_letters": Answers(("count(", [{"n": 0}])),
    }


def test_a_probe_counts_how_each_submission_went_on() -> None:
    sizes = {"images": 900.0, "captions": 1800.0, "rejections": 0.0, "dead_letters": 10.0}

    found = measure(tables(), sizes, dataset=None, processes=1, now=NOON)

    assert (found.submitted, found.fetched, found.annotated) == (100, 70, 60)
    assert (found.asked, found.captioned) == (40, 36)
    figures = found.figures()
    assert figures["rate.ingester"].value == pytest.approx(2)
    assert figures["rate.captioner"].value == pytest.approx(0.5)
    assert figures["bytes.caption_row"].value == 1800
    assert "bytes.rejection_row" not in figures
    assert found.reasons["captioner: repetitive"] == 4


def test_a_sample_that_says_nothing_is_refused() -> None:
    few = {
        **tables(images=1),
        "rejections": Answers(("as first", [{"first": None, "last": None}]), ("stage", [])),
    }

    with pytest.raises(CommandError, match="1 submission ended, and 30 are needed"):
        measure(few, {}, dataset=None, processes=1, now=NOON)


def an_image(number: int) -> ImageRow:
    caption = a_caption(number)
    shared = {name: getattr(caption, name) for name in ImageRow.__struct_fields__}
    return ImageRow(**shared)


@pytest.mark.real
def test_a_probe_reads_the_tables_of_a_deployment(s3: EmbeddedS3, tmp_path: Path) -> None:
    with small_lake(s3.access) as small:
        small.create(DEAD_LETTERS)
        small.captions(range(36))
        small.append(IMAGES, [an_image(number) for number in range(36)])
        small.duplicates(*(digest("submission", number) for number in range(4)))
    config = tmp_path / "pixelprose.yaml"
    store = {
        **small.settings.model_dump(mode="json"),
        "secret_key": s3.access.secret_key.get_secret_value(),
    }
    document = {"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "store": store}
    config.write_text(json.dumps(document), encoding="utf-8")
    where = str(tmp_path / "probe.json")

    plan = json.loads(run("--urls", "1k", "--measure", str(config), "--save", where, "--json"))

    assert plan["probe"]["submitted"] == 40
    assert plan["counts"]["fetched"] == pytest.approx(900)
    assert plan["assumptions"]["bytes.caption_row"]["value"] > 100
    assert plan["assumptions"]["rate.captioner"]["origin"] == "measured"
    assert json.loads(run("--urls", "1k", "--probe", where, "--json"))["counts"] == plan["counts"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "probe.json"
    path.write_text(probe().model_dump_json(), encoding="utf-8")
    return path


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["plan", *words], env={"COLUMNS": "80"})
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_without_a_probe_it_says_that_nothing_was_measured() -> None:
    said = run("--urls", "10M", "--assume", "rate.captioner=20")

    assert "Nothing was measured" in said
    assert "10,000,000 URLs: unknown" in said
    assert "Unknown: share.fetched" in said


def test_every_figure_is_shown_with_its_origin(saved: Path) -> None:
    said = run("--urls", "10M", "--probe", str(saved), "--assume", "rate.captioner=20")

    lines = {line.split()[0]: line for line in said.splitlines() if "." in line.split(" ")[0]}
    assert "measured" in lines["share.fetched"]
    assert "given" in lines["rate.captioner"]
    assert "unless given" in " ".join(said.split())


def test_a_rate_that_counts_waiting_gives_the_most_that_it_may_take(saved: Path) -> None:
    others = ["--assume", "rate.annotator=99", "--assume", "rate.safety-filter=99"]
    slow = run("--urls", "1M", "--probe", str(saved), *others, "--assume", "rate.captioner=99")
    known = run("--urls", "1M", "--probe", str(saved), *others)

    assert "1,000,000 URLs: at most 55.6 h (ingester decides)" in slow
    assert "1,000,000 URLs: 28.9 days (captioner decides)" in known


def test_machines_get_the_same_as_json(saved: Path) -> None:
    document = json.loads(run("--urls", "1k", "--probe", str(saved), "--gpus", "0-7", "--json"))

    assert document["measured"] is True
    assert document["assumptions"]["processes.captioner"] == {"value": 8, "origin": "given"}
    assert document["counts"]["captioned"] == pytest.approx(475)
    assert document["money"]["GPUs"] is None


def test_the_rate_of_another_captioner_is_left_out(saved: Path) -> None:
    same = json.loads(run("--urls", "1k", "--probe", str(saved), "--profile", "cpu", "--json"))
    other = json.loads(run("--urls", "1k", "--probe", str(saved), "--profile", "gpu", "--json"))

    assert "rate.captioner" in same["assumptions"]
    assert "rate.captioner" in other["unknown"]
    assert "SmolVLM-500M-Instruct, not Qwen/Qwen3-VL-8B-Instruct" in other["notes"][0]


def test_a_file_that_is_no_probe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "probe.json").write_text("{}")
    result = CliRunner().invoke(
        app, ["plan", "--urls", "1k", "--probe", str(tmp_path / "probe.json")]
    )

    assert isinstance(result.exception, CommandError)
