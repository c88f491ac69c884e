"""A service as others see it: arguments in, an exit code and a message out."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pixelprose.streamkit import ExitCode

SERVICE = Path(__file__).with_name("echo_service.py")
NOBODY = {
    "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "PIXELPROSE_KAFKA__START_DEADLINE_SECONDS": "0.2",
}


def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
    clean: Mapping[str, str] = {k: v for k, v in os.environ.items() if "PIXELPROSE" not in k}
    ended = subprocess.run(
        [sys.executable, str(SERVICE), *arguments],
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_help_lists_the_settings_with_their_variables() -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS  (required)" in out
    assert "PIXELPROSE_CONSOLE__MARK  [!]" in out


def test_help_lists_the_exit_codes_with_what_to_do() -> None:
    _, out, _ = run("--help")
    words = " ".join(out.split())
    for code in ExitCode:
        assert f" {int(code)} {code.meaning} {code.advice} " in words
    assert max(map(len, out.splitlines())) <= 80


def test_print_config_masks_secrets() -> None:
    code, out, _ = run("--print-config", **NOBODY, PIXELPROSE_KAFKA__SASL_PASSWORD="hush")
    assert code == 0
    assert "bootstrap_servers: 127.0.0.1:1" in out
    assert "hush" not in out


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "said"),
    [
        ((), {**NOBODY, "PIXELPROSE_CONSOLE__MARC": "x"}, 64, "did you mean 'mark'?"),
        ((), {**NOBODY, "PIXELPROSE_CONSOLE__MARK": "missing"}, 64, "set console.mark"),
        (("--check-config",), {**NOBODY, "PIXELPROSE_CONSOLE__MARK": "missing"}, 64, "mark"),
        (("--check-config",), NOBODY, 69, "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS"),
        ((), NOBODY, 69, "no broker answers at 127.0.0.1:1 for 0.2 s"),
        (("--config", "nowhere.yaml"), {}, 64, "nowhere.yaml"),
    ],
)
def test_what_is_wrong_has_a_code_and_a_message(
    arguments: tuple[str, ...], environ: dict[str, str], code: int, said: str
) -> None:
    ended, _, err = run(*arguments, **environ)
    assert (ended, said in err) == (ExitCode(code), True), err


def test_a_check_of_the_settings_begins_nothing() -> None:
    assert "begun" in run(**NOBODY)[2]
    assert "begun" not in run("--check-config", **NOBODY)[2]


def test_a_child_whose_parent_goes_away_ends() -> None:
    environ = {**NOBODY, "PIXELPROSE_KAFKA__START_DEADLINE_SECONDS": "600"}
    process = subprocess.Popen(
        [sys.executable, str(SERVICE), "--until-stdin-closes"],
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, err = process.communicate(timeout=60)
    assert b"the parent went away" in err
    assert process.returncode == 0
