"""Which engine a setting chooses."""

import sys

import pytest

from pixelprose.captioner.app import load_captioner
from pixelprose.captioner.settings import CaptionerSection
from pixelprose.demoworld import model_path
from pixelprose.streamkit import ExitCode, Stop


def test_vllm_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    section = CaptionerSection(engine="vllm", model=str(model_path("captioner")))

    with pytest.raises(Stop, match="pip install vllm") as stopped:
        load_captioner(section)

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


def test_an_engine_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="engine"):
        CaptionerSection.model_validate({"engine": "onnx", "model": "a"})


def test_a_model_that_is_not_here_names_the_command_that_fetches_it() -> None:
    section = CaptionerSection(model="nobody/has-this", revision="0" * 40)

    with pytest.raises(Stop, match="`pixelprose models pull`"):
        load_captioner(section)
