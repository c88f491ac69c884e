"""The loop stays small enough to be read in one sitting: see docs/adr/0009.

The loop is what decides when a record is read, begun, ended and committed. Not counted with it are
what it declares (`PORTS`), where steps run (`workers/`), the metrics, and `letters/`: pure
functions that say how a dead letter or a record put off looks, which hold no state and see no log.
Those have a bound of their own.
"""

import ast
import inspect
import io
import tokenize
from pathlib import Path

from pixelprose import streamkit
from pixelprose.streamkit.testing import memory_broker, memory_log

MOST_LINES = 800
MOST_LINES_OF_LETTERS = 100
MOST_LINES_OF_THE_MODEL = 300
PORTS = {"__init__", "codec", "errors", "exit_codes", "log", "outcome", "runner_settings", "worker"}
"""Declarations: what comes in, what goes out, and the settings."""

SILENT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Lines that are neither blank nor comment nor docstring."""
    texts = {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {
        number
        for token in tokens
        if token.type not in SILENT
        for number in range(token.start[0], token.end[0] + 1)
    }
    return len(code - texts)


def test_lines_are_counted_as_a_reader_would() -> None:
    assert code_lines('"""Doc."""\n\n# why\nx = 1\ny = [\n    2,\n]\n') == 4


def test_the_loop_is_at_most_800_lines_of_code() -> None:
    (folder,) = streamkit.__path__
    loop = [path for path in Path(folder).glob("*.py") if path.stem not in PORTS]
    assert len(loop) > 5
    assert sum(code_lines(path.read_text()) for path in loop) <= MOST_LINES


def test_letters_are_at_most_100_lines_of_code_and_know_nothing_of_the_loop() -> None:
    (folder,) = streamkit.__path__
    letters = [path.read_text() for path in (Path(folder) / "letters").glob("*.py")]
    assert len(letters) > 2
    assert sum(map(code_lines, letters)) <= MOST_LINES_OF_LETTERS
    imported = {
        node.module.removeprefix("pixelprose.streamkit.")
        for source in letters
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module and "streamkit" in node.module
    }
    assert imported == {"log", "letters.dead", "letters.retries"}


def test_the_broker_in_memory_models_what_the_loop_sees_and_is_no_broker() -> None:
    files = [inspect.getsource(module) for module in (memory_broker, memory_log)]
    assert sum(map(code_lines, files)) <= MOST_LINES_OF_THE_MODEL
