"""Every command that a page shows can be called like that.

Behind a block's language stands what the tests do with it, where no reader sees it. Nothing: it is
run, by `test_run.py`. `parsed`: it needs a cluster, a network or a secret, so that only commands
and options are checked. `terminal`: it runs until Ctrl-C; checked alike. Outside of README and
docs/ all are only parsed.
"""

import pytest
import typer
from tests.docs.pages import Block, blocks, pages
from tests.docs.shell import calls, check

SHELL = [block for page in pages() for block in blocks(page) if block.language == "sh"]
WRONG_USAGE = typer.BadParameter.__base__ or typer.BadParameter
KINDS = {"", "parsed", "terminal"}


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_its_commands_and_options_exist(block: Block) -> None:
    assert block.kind in KINDS
    found = list(calls(block.code))
    assert found
    for call in found:
        check(call)


@pytest.mark.parametrize("page", pages(), ids=str)
def test_a_shell_block_says_that_it_is_one(page: object) -> None:
    languages = {block.language for block in SHELL} | {
        block.language
        for block in blocks(page)  # type: ignore[arg-type]
    }
    assert languages <= {"", "sh", "python", "yaml", "sql", "json"}


def test_there_are_many() -> None:
    assert len(SHELL) > 20
    assert {"", "parsed", "terminal"} == {block.kind for block in SHELL}


@pytest.mark.parametrize(
    "code",
    [
        "pixelprose table shw",
        "pixelprose table show --tabel captions",
        "pixelprose export parquet --out x",
        "pixelprose retry --limit none",
        "A=b .venv/bin/pixelprose status --config",
    ],
)
def test_a_command_that_does_not_exist_is_refused(code: str) -> None:
    with pytest.raises((WRONG_USAGE, AssertionError)):
        check(*calls(code))


@pytest.mark.parametrize(
    "code",
    ["make demmo", "python -m pixelprose.nobody", "python -m pixelprose.sink --cfg x", "rm -r x"],
)
def test_so_are_a_verb_a_module_an_option_and_a_program(code: str) -> None:
    with pytest.raises((AssertionError, SystemExit)):
        check(*calls(code))


def test_pipes_variables_comments_and_redirects_are_taken_apart() -> None:
    code = "A=b pixelprose status --json | jq '.a | b' > x.json && make check   # both; yes\n"
    assert list(calls(code)) == [
        ["pixelprose", "status", "--json"],
        ["jq", ".a | b"],
        ["make", "check"],
    ]
