import json
import random
import re
from pathlib import Path

import pytest
import spacy

from language import example, train
from speaking import words
from speaking.lemmas import tables
from speaking.sentences import stream

SHIPPED = Path(__file__).parents[2] / "demo" / "spacy"


def test_the_loss_falls_in_a_short_slice_of_training(capsys: pytest.CaptureFixture[str]) -> None:
    train(texts=60, epochs=3, batch=16, seed=0)
    first, *_, last = [float(x) for x in re.findall(r"loss ([\d.]+)", capsys.readouterr().out)]
    assert last < 0.7 * first


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_token_has_a_class_and_every_name_a_span(split: str) -> None:
    nlp = spacy.blank("en")
    for told in stream(random.Random(3), split=split, count=150):
        reference = example(nlp, told).reference
        assert all(token.pos_ for token in reference)
        assert len(reference.ents) == len({name.text for name in told.names})


def test_training_never_sees_the_words_kept_for_evaluation() -> None:
    seen = {t for told in stream(random.Random(4), split="train", count=300) for t in told.classes}
    assert not seen & {*words.kept(words.NOUNS, split="heldout")} - {*words.VERBS}
    assert not any(told.unseen for told in stream(random.Random(4), split="train", count=50))


@pytest.mark.parametrize(
    ("kind", "form", "lemma"),
    [("noun", "men", "man"), ("verb", "took", "take"), ("verb", "running", "run")],
)
def test_irregular_forms_are_exceptions_of_the_lemmatiser(kind: str, form: str, lemma: str) -> None:
    assert tables().get_table("lemma_exc")[kind][form] == [lemma]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (words.plural("box"), "boxes"),
        (words.plural("lady"), "ladies"),
        (words.third("carry"), "carries"),
        (words.past("bake"), "baked"),
        (words.going("cut"), "cutting"),
        (words.going("make"), "making"),
    ],
)
def test_words_are_bent_by_rule(form: str, expected: str) -> None:
    assert form == expected


def test_the_shipped_pipeline_is_small_and_named_as_demo() -> None:
    figures = json.loads((SHIPPED / "figures.json").read_text())
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 3_000_000
    assert json.loads((SHIPPED / "meta.json").read_text())["name"] == "demo-spacy"
    assert all(figure.startswith("demo_") for figure in figures)
    assert figures["demo_class_accuracy"] > 0.95
    assert figures["demo_names_f1"] > 0.95
    card = (SHIPPED / "README.md").read_text()
    assert all(str(v) in card for v in figures.values() if isinstance(v, float))
