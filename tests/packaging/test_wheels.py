"""The distribution works from built wheels, in an environment that has nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = [sys.executable, "-m", "uv"]


def run(*command: object) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheels of `pixelprose` and those extras that need no torch."""
    folder = tmp_path_factory.mktemp("wheels")
    for package in sorted(
        [*ROOT.glob("libs/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
    ):
        run(*UV, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", package.parent)
    run(*UV, "venv", "--quiet", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    run(
        *UV, "pip", "install", "--quiet", "--python", python, "-c", ROOT / "constraints.txt",
        "--find-links", folder / "dist", "pixelprose[ingester,sink,embedded]",
    )  # fmt: skip
    return python


@pytest.mark.timeout(900)
def test_the_command_line_works_from_wheels(python: Path) -> None:
    cli = python.with_name("pixelprose")
    assert "demo" in run(cli, "--help")
    assert '"CaptionAnnotated"' in run(cli, "schema", "caption_annotated")


def test_a_service_starts_from_its_wheel(python: Path) -> None:
    assert "PIXELPROSE_INGESTER__" in run(python, "-m", "pixelprose.ingester", "--help")
    assert "PIXELPROSE_SINK__" in run(python, "-m", "pixelprose.sink", "--help")


def test_no_torch_comes_along_where_no_model_runs(python: Path) -> None:
    listed = run(*UV, "pip", "list", "--python", python)
    assert "torch" not in listed
