import pytest

from pixelprose.demoworld import HELDOUT_FROM, Record, Scores, Truth, scene, truth, unsafe_scene
from pixelprose.demoworld.captions import say
from pixelprose.demoworld.scores import judge_scores
from pixelprose.demoworld.summary import Graded, summarise

TRUTHS = [truth(draw(HELDOUT_FROM + seed)) for seed in range(300) for draw in (scene, unsafe_scene)]


def perfect(facts: Truth) -> Scores:
    return Scores(
        nsfw=0.9 if facts.unsafe else 0.1,
        watermark=0.8 if facts.watermark == "watermark" else 0.3,
        aesthetic=facts.aesthetic,
        style=facts.style.value,
        words=(facts.lettering.value.text,) if facts.lettering else (),
    )


def test_perfect_scores_have_perfect_figures() -> None:
    figures = judge_scores([(perfect(facts), facts) for facts in TRUTHS])
    assert len(figures) == 5
    assert list(figures.values()) == [pytest.approx(1.0)] * 5


def test_scores_of_other_pictures_are_as_good_as_chance() -> None:
    mixed = [perfect(facts) for facts in TRUTHS[101:] + TRUTHS[:101]]
    figures = judge_scores(list(zip(mixed, TRUTHS, strict=True)))
    assert figures == {
        "demo_score_nsfw_roc_auc": 0.0,  # safe and unsafe alternate: an odd shift swaps them
        "demo_score_watermark_roc_auc": pytest.approx(0.5, abs=0.1),
        "demo_score_aesthetic_spearman": pytest.approx(0.0, abs=0.2),
        "demo_score_style_accuracy": pytest.approx(0.25, abs=0.1),
        "demo_score_words_read": pytest.approx(0.0, abs=0.1),
    }


def test_what_was_not_asked_and_what_has_one_class_only_has_no_figure() -> None:
    nothing = judge_scores([(Scores(), facts) for facts in TRUTHS])
    assert set(nothing.values()) == {None}
    safe = [facts for facts in TRUTHS if not facts.unsafe]
    figures = judge_scores([(Scores(nsfw=0.1), facts) for facts in safe])
    assert figures["demo_score_nsfw_roc_auc"] is None


def test_a_summary_judges_the_scores_of_its_records() -> None:
    graded = [
        Graded.of(Record(say(scene(facts.seed), "plain"), scores=perfect(facts)), facts)
        for facts in TRUTHS
    ]
    figures = summarise(graded)
    assert figures["demo_score_nsfw_roc_auc"] == 1.0
    assert all(name.startswith("demo_") for name in figures)
