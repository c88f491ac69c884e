"""Options that go together are declared once, as a dataclass, and a command gets them as one."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from pixelprose.cli.options import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Two options."""

    height: Annotated[int, typer.Option(min=1, help="In pixels.")]
    width: Annotated[int, typer.Option("--wide", help="In pixels.")] = 3


@pytest.fixture
def said() -> list[object]:
    return []


@pytest.fixture
def app(said: list[object]) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @spread
    def draw(name: Annotated[str, typer.Argument(help="Whose.")], *, size: Size) -> None:
        """Draw it."""
        said.extend([name, size])

    return app


def test_the_command_gets_the_dataclass_and_people_get_its_options(
    app: typer.Typer, said: list[object]
) -> None:
    assert CliRunner().invoke(app, ["a", "--height", "2", "--wide", "5"]).exit_code == 0
    assert said == ["a", Size(height=2, width=5)]
    help_ = CliRunner().invoke(app, ["--help"]).output
    assert "Draw it." in help_
    assert "--wide" in help_
    assert "--size" not in help_


def test_defaults_and_limits_hold(app: typer.Typer, said: list[object]) -> None:
    assert CliRunner().invoke(app, ["a", "--height", "2"]).exit_code == 0
    assert said == ["a", Size(height=2, width=3)]
    assert CliRunner().invoke(app, ["a"]).exit_code == 2
    assert CliRunner().invoke(app, ["a", "--height", "0"]).exit_code == 2
