import shutil
from pathlib import Path

import pytest
import spacy

from pixelprose.checkpoints import ModelNotLoaded
from pixelprose.demoworld import model_path
from pixelprose.metadata_annotator.linguist import SpacyLinguist
from pixelprose.metadata_annotator.spacy_pipeline import load_pipeline


@pytest.fixture(scope="module")
def linguist() -> SpacyLinguist:
    return SpacyLinguist(load_pipeline(str(model_path("spacy"))))


def test_words_are_counted_by_kind(linguist: SpacyLinguist) -> None:
    (counted,) = linguist.count(["A small dog chased two red balls. The ball is old!"])
    assert (counted.words, counted.sentences) == (11, 2)
    assert counted.characters == 50
    assert (counted.nouns, counted.distinct_nouns) == (3, 2)
    assert (counted.verbs, counted.adjectives) == (1, 3)


def test_captions_of_the_demo_world_are_counted(linguist: SpacyLinguist) -> None:
    text = "This image displays: 1 object: at top a large red circle. It is a photo."
    (counted,) = linguist.count([text])
    assert (counted.words, counted.sentences) == (15, 2)
    assert (counted.nouns, counted.verbs, counted.adjectives) == (5, 1, 2)


def test_an_empty_text_counts_nothing(linguist: SpacyLinguist) -> None:
    (counted,) = linguist.count([""])
    assert (counted.words, counted.sentences, counted.characters) == (0, 0, 0)


def test_the_pipeline_is_identified_by_all_its_files(tmp_path: Path) -> None:
    copied = Path(shutil.copytree(model_path("spacy"), tmp_path / "copied"))
    before = load_pipeline(str(copied)).model
    (copied / "README.md").write_text("changed")
    after = load_pipeline(str(copied)).model
    assert before.name == after.name == "demo-spacy"
    assert before.revision != after.revision


@pytest.mark.parametrize("source", [None, "/nowhere/pipeline", "en_core_web_nowhere"])
def test_a_pipeline_that_is_not_there_is_refused(source: str | None) -> None:
    with pytest.raises(ModelNotLoaded):
        load_pipeline(source)


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotLoaded, match="spaCy pipeline"):
        load_pipeline(str(tmp_path))


def test_a_pipeline_that_knows_too_little_is_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path)
    with pytest.raises(ModelNotLoaded, match="does not tell classes of words, lemmas, names"):
        load_pipeline(str(tmp_path))
