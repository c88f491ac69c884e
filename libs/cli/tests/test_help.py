"""Every command explains itself: examples that exist, JSON where it prints data, and completion."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.shell import calls, check
from typer import Context
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from pixelprose.cli.app import app, main
from pixelprose.cli.epilog import EXAMPLES, NEEDS, NEXT
from pixelprose.cli.errors import CommandError, message_of
from pixelprose.cli.writing import ReaderLeft

WITHOUT_DATA = {"up", "schema", "models pull", "table maintain"}
"""They show what goes on, or ask; `schema` prints JSON anyhow, and `table maintain` logs it."""


def commands() -> Iterator[tuple[str, TyperCommand]]:
    def below(group: TyperGroup, path: str) -> Iterator[tuple[str, TyperCommand]]:
        context = Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, TyperGroup):
                yield from below(command, f"{path}{name} ")
            elif isinstance(command, TyperCommand):
                yield f"{path}{name}", command

    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return below(root, "")


COMMANDS = dict(commands())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_examples_of_itself_that_exist(name: str) -> None:
    said = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    lines = [line.strip() for line in said.output.splitlines()]
    below = lines[lines.index(EXAMPLES) + 1 :]
    examples = [line for line in below if line and not line.startswith((NEEDS, NEXT))]
    assert examples
    for example in examples:
        found = list(calls(example))
        assert found[0][1:][: len(name.split())] == name.split()
        for call in found:
            check(call)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_means(name: str) -> None:
    for parameter in COMMANDS[name].params:
        assert getattr(parameter, "help", None), f"{name}: {parameter.name}"


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - WITHOUT_DATA))
def test_a_command_that_prints_data_does_so_for_programs(name: str) -> None:
    assert "--json" in {option for parameter in COMMANDS[name].params for option in parameter.opts}


def test_paragraphs_of_several_lines_keep_them_on_a_narrow_terminal() -> None:
    for name, command in COMMANDS.items():
        for paragraph in (command.help or "").split("\n\n"):
            lines = paragraph.split("\n")
            # A line by itself is wrapped well; of several, each would leave a stub behind.
            assert len(lines) == 1 or max(map(len, lines)) <= 76, name


@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_the_terminal(width: int) -> None:
    for name in ["", *COMMANDS]:
        said = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": str(width)})
        assert max(map(len, said.output.splitlines())) <= width, name
        assert "…" not in said.output, name


def offered(*words: str) -> list[str]:
    """What Tab offers after these words, as the shell's function is told."""
    said = CliRunner().invoke(
        app,
        [],
        prog_name="pixelprose",
        env={
            "_PIXELPROSE_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["pixelprose", *words]),
            "COMP_CWORD": str(len(words)),
        },
    )
    return said.output.split()


@pytest.mark.parametrize(
    ("words", "some", "never"),
    [
        (("ta",), {"table"}, "topics"),
        (("table", "op"), {"optimize"}, "show"),
        (("retry", "--reason", "tim"), {"timeout"}, "too_large"),
        (("retry", "--reason", "timeout,http_n"), {"timeout,http_not_found"}, "timeout"),
        (("retry", "--reason", ""), {"timeout", "not_selected"}, "blocked"),
        (("dlq", "list", "--reason", "un"), {"unknown_error", "undecodable"}, "timeout"),
        (("dlq", "list", "--service", "sink"), {"sink", "sink.captions"}, "ingester"),
        (("dlq", "list", "--topic", "images.s"), {"images.submitted"}, "images.fetched"),
        (("schema", "caption_"), {"caption_annotated"}, "redrive"),
        (("table", "show", "--table", ""), {"captions", "rejections"}, "redrives"),
        (("submit", "x", "--preset", "c"), {"cc12m", "commonpool"}, "redcaps"),
        (("export", ""), {"webdataset", "jsonl"}, "parquet"),
    ],
)
def test_tab_offers_what_fits(words: tuple[str, ...], some: set[str], never: str) -> None:
    found = offered(*words)
    assert some <= set(found)
    assert never not in found


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_error_of_the_command_line_is_a_message_and_no_trace() -> None:
    import pixelprose.cli.demo  # noqa: PLC0415 - so that all are defined
    import pixelprose.cli.up  # noqa: F401, PLC0415 - as above

    ours = [e for e in subclasses(Exception) if e.__module__.startswith("pixelprose.cli")]
    assert {"NotReady", "DemoFailed", "ServiceFailed"} <= {error.__name__ for error in ours}
    for error in ours:
        inner = error.__name__.startswith("_") or error is ReaderLeft
        assert issubclass(error, CommandError) or inner, error
        if issubclass(error, CommandError):
            assert message_of(error("why")) == "why"


def test_a_bug_keeps_its_trace() -> None:
    assert message_of(KeyError("x")) is None


def test_a_missing_extra_and_a_missing_file_are_told() -> None:
    missing = ModuleNotFoundError("x", name="pixelprose.embedded")
    assert "pip install 'pixelprose[all]'" in str(message_of(missing))
    assert message_of(ModuleNotFoundError("x", name="elsewhere")) is None
    with pytest.raises(OSError, match="nowhere") as gone:
        Path("/nowhere/x").read_text()
    assert message_of(gone.value) == "/nowhere/x: No such file or directory"


def test_main_prints_one_line_and_ends_with_the_code_of_the_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["pixelprose", "schema", "nobody[red]"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("error: no record 'nobody[red]'")
    assert len(said.splitlines()) == 1


def test_a_demo_deletes_no_folder_that_is_not_a_demos(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"mine")
    said = CliRunner().invoke(app, ["demo", "--out", str(tmp_path)])
    assert "holds something else" in str(said.exception)
    assert (tmp_path / "photo.jpg").read_bytes() == b"mine"


def test_only_up_and_demo_need_the_embedded_servers() -> None:
    commands = "doctor status topics_init submit_command table_command export_command redrive.run"
    modules = ", ".join(f"pixelprose.cli.{name}" for name in commands.split())
    code = f"import sys; sys.modules['pixelprose.embedded'] = None; import {modules}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=250
    )
    assert done.returncode == 0, done.stderr


def test_doctor_answers_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS", raising=False)
    said = CliRunner().invoke(app, ["doctor", "--json"])
    assert {"what", "advice", "urgent"} == set(json.loads(said.stdout)[0])
    assert "no cluster" in said.stderr
