import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.demoworld import HELDOUT_FROM, lexicon, scene, truth
from pixelprose.demoworld.captions import prompts, say
from pixelprose.demoworld.grading import Record, grade
from pixelprose.demoworld.metrics import accuracy, macro_f1, roc_auc, spearman
from pixelprose.demoworld.summary import Graded, summarise
from pixelprose.demoworld.truth import absent

SEEDS = st.integers(0, 2 * HELDOUT_FROM - 1)


def perfect(seed: int) -> Record:
    described = scene(seed)
    prompt = prompts()[seed % len(prompts())]
    return Record(
        say(described, prompt, title=described.alt.title, closing=True),
        prompt=prompt,
        hinted=True,
        absent=absent(described),
    )


@given(SEEDS)
def test_a_perfect_record_has_no_wrong_and_no_missing_mark(seed: int) -> None:
    marks = grade(perfect(seed), truth(scene(seed))).marks
    assert {mark.verdict for mark in marks} <= {"right", "hidden"}


@given(SEEDS)
def test_an_empty_caption_misses_every_visible_fact(seed: int) -> None:
    found = grade(Record(""), truth(scene(seed)))
    assert {mark.verdict for mark in found.marks} <= {"missing", "hidden"}
    assert not found.fits


def test_one_wrong_colour_is_one_wrong_mark() -> None:
    described = next(s for s in map(scene, range(99)) if s.quality > 0.8 and len(s.things) == 1)
    thing = described.things[0]
    other = next(colour for colour in lexicon.COLOURS if colour != thing.colour)
    lie = dataclasses.replace(described, things=(dataclasses.replace(thing, colour=other),))
    found = grade(Record(say(lie, "plain")), truth(described))
    assert [mark.kind for mark in found.marks if mark.verdict == "wrong"] == ["colour"]
    assert not found.scene_right


def test_things_that_are_not_there_are_invented() -> None:
    crowd, alone = (
        next(s for s in map(scene, range(99)) if s.quality > 0.8 and len(s.things) == n)
        for n in (4, 1)
    )
    found = grade(Record(say(crowd, "rules")), truth(alone))
    assert [mark.verdict for mark in found.of("invented")].count("wrong") >= 3
    assert [mark.verdict for mark in found.of("count")] == ["wrong"]


def test_a_name_without_a_hint_is_invented() -> None:
    record = Record(say(scene(1), "plain", title="Velmoton"), hinted=False)
    assert [m.verdict for m in grade(record, truth(scene(1))).of("invented_title")] == ["wrong"]


def test_naming_a_visible_thing_absent_is_wrong_and_silence_is_missing() -> None:
    described = next(s for s in map(scene, range(99)) if s.quality > 0.8)
    named = (described.things[0].colour, absent(described)[0])
    record = Record(say(described, "plain"), absent=named)
    verdicts = [mark.verdict for mark in grade(record, truth(described)).of("absent")]
    assert verdicts[:2] == ["wrong", "right"]
    assert set(verdicts[2:]) == {"missing"}


def test_the_colour_of_a_trim_counts_as_visible() -> None:
    described = dataclasses.replace(scene(1), trim="orange", quality=0.9)
    thing = dataclasses.replace(described.things[0], colour="red")
    described = dataclasses.replace(described, things=(thing,))
    record = Record(say(described, "plain"), absent=("orange",))
    assert grade(record, truth(described)).of("absent")[0].verdict == "wrong"


def test_a_summary_of_perfect_records_is_perfect() -> None:
    seeds = range(HELDOUT_FROM, HELDOUT_FROM + 600)
    figures = summarise([Graded.of(perfect(seed), truth(scene(seed))) for seed in seeds])
    assert all(name.startswith("demo_") for name in figures)
    errors = {
        name
        for name in figures
        if name.endswith(("_invented", "_visible", "_named", "_false_alarm"))
    }
    assert {figures[name] for name in errors} == {0.0}
    rest = set(figures) - errors - {"demo_captions", "demo_swap_detected"}
    assert {figures[name] for name in rest} == {1.0}
    assert figures["demo_swap_detected"] > 0.99


def test_a_figure_that_no_record_speaks_about_is_left_out() -> None:
    figures = summarise([Graded.of(Record(say(scene(1), "plain")), truth(scene(1)))])
    assert "demo_absent_right" not in figures
    assert "demo_alt_names_copied" not in figures


def test_roc_auc_counts_pairs_and_halves_ties() -> None:
    assert roc_auc([0.1, 0.4, 0.35, 0.8], positive=[False, False, True, True]) == 0.75
    assert roc_auc([1.0, 1.0], positive=[True, False]) == 0.5


def test_roc_auc_refuses_a_single_class() -> None:
    with pytest.raises(ValueError, match="both classes"):
        roc_auc([0.1, 0.2], positive=[True, True])


def test_spearman_sees_order_only() -> None:
    assert spearman([1, 2, 3], [10, 100, 1000]) == pytest.approx(1)
    assert spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)


def test_accuracy_and_macro_f1() -> None:
    said, true = ["a", "a", "b", "b"], ["a", "b", "b", "b"]
    assert accuracy(said, true) == 0.75
    assert macro_f1(said, true) == pytest.approx((2 / 3 + 4 / 5) / 2)
