import json
import shutil
from pathlib import Path

import pytest

from pixelprose.checkpoints import ModelNotLoaded, find_checkpoint
from pixelprose.demoworld import model_path
from pixelprose.metadata_annotator.toxicity import TransformersToxicityScorer, load_toxicity

CALM = "This image displays: 1 object: at top a large red circle. It is a photo."


def load(folder: Path) -> TransformersToxicityScorer:
    return load_toxicity(find_checkpoint(str(folder)))


@pytest.fixture(scope="module")
def demo() -> TransformersToxicityScorer:
    return load(model_path("toxicity"))


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_path("toxicity"), tmp_path / "copied"))


def test_the_demo_model_knows_its_made_up_insults(demo: TransformersToxicityScorer) -> None:
    calm, rude = demo.score([CALM, f"{CALM} What a blorf."])
    assert calm.toxicity < 0.2
    assert rude.toxicity > 0.8
    assert rude.insult > 0.5 > max(rude.threat, rude.obscene, rude.sexual_explicit)


def test_neither_order_nor_company_matter(demo: TransformersToxicityScorer) -> None:
    texts = [CALM, "you are a blorf", "a red circle"]
    alone = [demo.score([text])[0].toxicity for text in texts]
    together = [one.toxicity for one in demo.score(texts)]
    assert together == pytest.approx(alone, abs=1e-3)


def test_an_insult_far_into_a_long_text_counts(demo: TransformersToxicityScorer) -> None:
    long = " ".join([CALM] * 20)
    calm, rude = demo.score([long, f"{long} What a blorf."])
    assert calm.toxicity < 0.5 < rude.toxicity


def test_nothing_and_empty_texts_have_scores_too(demo: TransformersToxicityScorer) -> None:
    assert demo.score([]) == []
    assert demo.score([""])[0].toxicity < 0.5


def test_a_model_without_one_of_the_labels_is_refused(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    config["id2label"]["6"] = "rude"
    config["label2id"] = {label: int(at) for at, label in config["id2label"].items()}
    (copied / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelNotLoaded, match="lacks the labels sexual_explicit"):
        load(copied)


def test_a_model_without_a_tokenizer_is_refused(copied: Path) -> None:
    (copied / "tokenizer.json").unlink()
    with pytest.raises(ModelNotLoaded, match="copied"):
        load(copied)
