import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "classifiers.py"
SHIPPED = Path(__file__).parents[2] / "demo"


@pytest.fixture(scope="module")
def slice_of_training(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    out = tmp_path_factory.mktemp("models")
    command = [sys.executable, str(SCRIPT), "nsfw", "--seconds", "14", "--pictures", "64"]
    done = subprocess.run(
        [*command, "--out", str(out)], check=True, capture_output=True, text=True, timeout=280
    )
    return done.stdout, out / "nsfw"


def test_the_loss_falls_in_a_short_slice_of_training(slice_of_training: tuple[str, Path]) -> None:
    losses = [float(x) for x in re.findall(r"loss ([\d.]+)", slice_of_training[0])]
    assert len(losses) >= 2
    assert losses[-1] < 0.7 * losses[0]


def test_one_command_leaves_weights_a_preprocessor_figures_and_a_card(
    slice_of_training: tuple[str, Path],
) -> None:
    files = {path.name for path in slice_of_training[1].iterdir()}
    assert files == {
        "README.md",
        "config.json",
        "figures.json",
        "model.safetensors",
        "preprocessor_config.json",
    }


@pytest.mark.parametrize("name", ["nsfw", "watermark", "style"])
def test_shipped_classifiers_are_small_and_named_as_demo(name: str) -> None:
    folder = SHIPPED / name
    figures = json.loads((folder / "figures.json").read_text())
    assert (folder / "model.safetensors").stat().st_size < 400_000
    assert json.loads((folder / "config.json").read_text())["pixelprose_name"] == f"demo-{name}"
    assert all(figure.startswith("demo_") for figure in figures)
    assert all(str(v) in (folder / "README.md").read_text() for v in _plain(figures))


def _plain(figures: dict[str, object]) -> list[float]:
    return [value for value in figures.values() if isinstance(value, float)]
