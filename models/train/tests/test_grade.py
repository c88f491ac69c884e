import json
import sys
from pathlib import Path

import pytest

import grade
from pixelprose.demoworld import HELDOUT_FROM

SHIPPED = Path(__file__).parents[2] / "demo"
MOST_BYTES = 15_000_000

pytestmark = pytest.mark.timeout(600)  # half a minute of CPU, whatever else the machine does


@pytest.fixture(scope="module")
def printed() -> str:
    """What `grade` prints about few scenes."""
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr(grade, "RENDERS", 20)
        patch.setattr(sys, "argv", ["grade.py", "--count", "96", "--seed", "3", "--threads", "1"])
        patch.setattr("builtins.print", lambda *parts: said.append(" ".join(map(str, parts))))
        assert grade.main() == 0
    return "\n".join(said)


def test_the_last_line_is_one_object_of_demo_figures(printed: str) -> None:
    figures = json.loads(printed.splitlines()[-1])
    assert all(name.startswith("demo_") for name in figures)
    for model in ("nsfw", "watermark", "style", "aesthetic", "toxicity"):
        assert any(name.startswith(f"demo_{model}_") for name in figures)


def test_the_shipped_captioner_follows_prompts_hints_and_requests_for_what_is_absent(
    printed: str,
) -> None:
    """Bars far under what 10,000 scenes show: 96 scenes must not fail by chance."""
    figures = json.loads(printed.splitlines()[-1])
    assert figures["demo_prompt_recognised"] == 1
    assert figures["demo_scene_right_clear"] > 0.85
    assert figures["demo_absent_right"] > 0.9
    assert figures["demo_alt_names_copied"] > 0.8
    assert figures["demo_alt_names_invented"] == 0
    assert figures["demo_swap_detected"] > 0.9


def test_the_grade_draws_seeds_that_training_never_draws() -> None:
    assert grade.first_seed(0) >= HELDOUT_FROM
    assert grade.first_seed(77) + 10_000 <= grade.first_seed(78)


def test_all_models_together_are_small_and_without_pickles() -> None:
    files = [path for path in SHIPPED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert not [
        path
        for path in files
        if path.suffix in {".bin", ".pt", ".pth", ".pkl", ".ckpt"} and path.name != "lookups.bin"
    ]
    pickles = [path for path in files if path.read_bytes()[:2] in {b"\x80\x02", b"\x80\x04", b"PK"}]
    assert not pickles


@pytest.mark.parametrize("folder", sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
def test_every_model_has_a_card_that_says_what_it_cannot_do(folder: str) -> None:
    card = (SHIPPED / folder / "README.md").read_text().replace("\n", " ")
    assert "demo world" in card.lower()
    assert "not a measure of" in card
