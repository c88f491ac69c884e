from pathlib import Path

import msgspec
import pytest

from pixelprose.captioner.expression import Condition, InvalidExpression
from pixelprose.captioner.fields import fields_of
from pixelprose.captioner.selection import Selection, SelectionRules, read_selection
from pixelprose.captioner.testing import annotated
from pixelprose.records import ImageAnnotated, Toxicity, Word
from pixelprose.streamkit import DeadLetter, ExitCode, Reject, Stop


def _selection(expression: str) -> Selection:
    return Selection(SelectionRules(name="mine", version=3, expression=expression))


def test_the_packaged_selection_keeps_good_images() -> None:
    assert read_selection("selection").refusal(annotated()) is None


@pytest.mark.parametrize(
    "image", [annotated(aesthetic=2.9), annotated(watermark=0.85)], ids=["poor", "watermarked"]
)
def test_the_packaged_selection_refuses_with_the_scores_that_it_read(image: ImageAnnotated) -> None:
    refusal = read_selection("selection").refusal(image)

    assert refusal == Reject(
        "not_selected",
        "selection default/1",
        {
            "signals.aesthetic": image.signals.aesthetic,
            "signals.watermark_scores.watermark": image.signals.watermark_scores["watermark"],
            "signals.watermark_scores.none": image.signals.watermark_scores["none"],
        },
    )


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("image.width >= 48 && image.height >= 48", True),
        ('submission.source == "tests"', True),
        ("submission.alt_text != null && size(submission.alt_text) > 20", False),
        ('submission.alt_text.startsWith("Taj")', True),
        ('"none" in signals.watermark_scores', True),
        ("signals.words.exists(word, word.confidence > 0.5)", True),
        ('signals.words.all(word, word.text.matches("^[A-Z]+$"))', True),
        ("signals.alt_text.toxicity.insult == null", True),
        ('signals.annotated_at > timestamp("2026-01-01T00:00:00Z")', True),
        ("size(lineage) == 0", True),
    ],
)
def test_expressions_reach_every_kind_of_field(expression: str, selected: bool) -> None:  # noqa: FBT001
    image = annotated()
    words = (Word(text="STOP", confidence=0.9, box=(0.0, 0.0, 1.0, 1.0)),)
    image = msgspec.structs.replace(
        image, signals=msgspec.structs.replace(image.signals, words=words)
    )

    assert (_selection(expression).refusal(image) is None) is selected


def test_fields_of_a_missing_group_are_null() -> None:
    scores = Toxicity(
        toxicity=0.5,
        severe_toxicity=0.0,
        obscene=0.0,
        identity_attack=0.0,
        insult=0.0,
        threat=0.0,
        sexual_explicit=0.0,
    )
    image = annotated()
    alt_text = msgspec.structs.replace(image.signals.alt_text, toxicity=scores)
    signals = msgspec.structs.replace(image.signals, alt_text=alt_text)
    field = fields_of(ImageAnnotated)["signals.alt_text.toxicity.toxicity"]

    assert field.of(image) is None
    assert field.of(msgspec.structs.replace(image, signals=signals)) == 0.5


@pytest.mark.parametrize(
    "expression",
    [
        "signals.unheard_of > 1.0",
        "unheard_of",
        "signals.aesthetic >",
        "signals.aesthetic",
        "signals.aesthetic > 3",
        'image.width == "wide"',
        "image.exif",
        "true && open('/etc/passwd')",
    ],
)
def test_an_expression_that_cannot_work_is_refused_at_the_start(expression: str) -> None:
    with pytest.raises(InvalidExpression):
        _selection(expression)


def test_a_selection_file_that_cannot_work_stops_the_service(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nversion: 1\nexpression: signals.unheard_of > 1.0\n", "utf-8")

    with pytest.raises(Stop, match=r"undeclared reference to 'signals\.unheard_of'") as stopped:
        read_selection(str(path))

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


def test_a_selection_file_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nversion: 1\nexpression: 'true'\nextra: 1\n", "utf-8")

    with pytest.raises(Stop, match="extra"):
        read_selection(str(path))


@pytest.mark.parametrize(
    "expression",
    ['signals.style_scores["painting"] > 0.5', "submission.attempt / 0 == 1", "rights.licence > 1"],
)
def test_a_record_on_which_the_expression_fails_is_a_dead_letter(expression: str) -> None:
    refusal = _selection(expression).refusal(annotated())

    assert isinstance(refusal, DeadLetter)
    assert refusal.reason == "selection_failed"
    assert "mine/3" in refusal.detail


def test_the_hash_tells_selections_apart() -> None:
    hashes = {_selection(expression).hash for expression in ("true", "false", "!false")}

    assert len(hashes) == 3


def test_a_condition_knows_what_it_uses() -> None:
    condition = Condition("a > 1 && (b || !b)", variables={"a": int, "b": bool, "c": str})

    assert condition.used == ("a", "b")
    assert condition.holds({"a": 2, "b": False})


def test_every_field_of_the_record_is_a_variable() -> None:
    names = set(fields_of(ImageAnnotated))

    assert {"image.sha256", "signals.aesthetic", "rights.licence", "lineage"} <= names
    assert {name.split(".")[0] for name in names} == set(ImageAnnotated.__struct_fields__)
