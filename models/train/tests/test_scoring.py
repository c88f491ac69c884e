import json
import random
import re
from pathlib import Path

import pytest
import torch

from scoring import aesthetics, toxicity_model
from scoring.insults import LABELS, utterance

SHIPPED = Path(__file__).parents[2] / "demo"


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def losses(capsys: pytest.CaptureFixture[str]) -> list[float]:
    return [float(x) for x in re.findall(r"loss ([\d.]+)", capsys.readouterr().out)]


def test_the_loss_of_the_aesthetic_scorer_falls(capsys: pytest.CaptureFixture[str]) -> None:
    aesthetics.train(count=16, steps=320, batch=8, seed=0)
    first, *_, last = losses(capsys)
    assert last < 0.8 * first


def test_the_loss_of_the_toxicity_scorer_falls(capsys: pytest.CaptureFixture[str]) -> None:
    toxicity_model.train(count=300, steps=60, batch=16, seed=0)
    first, *_, last = losses(capsys)
    assert last < 0.8 * first


def test_half_of_the_utterances_are_polite_and_rude_ones_have_a_kind() -> None:
    rng = random.Random(1)
    said = [utterance(rng, split="train") for _ in range(400)]
    assert 0.4 < sum(not one.labels for one in said) / 400 < 0.6
    for one in said:
        assert one.labels <= set(LABELS)
        assert not one.labels or ("toxicity" in one.labels and len(one.labels) > 1)
        assert not one.unseen


def test_the_same_seed_says_the_same() -> None:
    one, other = (utterance(random.Random(5), split="heldout") for _ in range(2))
    assert one == other


@pytest.mark.parametrize(("name", "most_bytes"), [("aesthetic", 600_000), ("toxicity", 500_000)])
def test_shipped_scorers_are_small_and_named_as_demo(name: str, most_bytes: int) -> None:
    folder = SHIPPED / name
    figures = json.loads((folder / "figures.json").read_text())
    assert sum(path.stat().st_size for path in folder.iterdir()) < most_bytes
    assert json.loads((folder / "config.json").read_text())["pixelprose_name"] == f"demo-{name}"
    assert all(figure.startswith("demo_") for figure in figures)
    card = (folder / "README.md").read_text()
    assert all(str(v) in card for v in figures.values() if isinstance(v, float))


def test_shipped_figures_show_that_the_plumbing_works() -> None:
    aesthetic = json.loads((SHIPPED / "aesthetic" / "figures.json").read_text())
    toxicity = json.loads((SHIPPED / "toxicity" / "figures.json").read_text())
    assert aesthetic["demo_spearman"] > 0.6
    assert toxicity["demo_roc_auc"] > 0.95
    assert toxicity["demo_false_alarms"] < 0.02
