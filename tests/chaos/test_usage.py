"""Processes are looked at while they live, and what they held is kept when they have gone."""

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from chaos import usage
from chaos.fleet import Fleet, Name, Replica
from chaos.usage import Lives


@dataclass
class Replicas:
    """A fleet of whatever runs."""

    pids: list[int] = field(default_factory=list)

    def all(self) -> list[Replica]:
        return [
            Replica(Name("sink", slot), cast("subprocess.Popen[bytes]", Process(pid)))
            for slot, pid in enumerate(self.pids)
        ]


@dataclass
class Process:
    pid: int


def test_a_life_says_what_it_held_first_and_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(usage, "GROWN_UP_SECONDS", 0.0)
    lives = Lives(cast("Fleet", Replicas([os.getpid()])))
    lives.look()
    with ExitStack() as files:
        for number in range(5):
            files.enter_context((tmp_path / str(number)).open("w"))
        (ours,) = lives.settled()
    assert ours.settled
    assert ours.old.descriptors == ours.young.descriptors + 5
    assert ours.old.memory_bytes > 0


def test_a_process_that_has_gone_is_kept_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "GROWN_UP_SECONDS", 0.0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lives = Lives(cast("Fleet", Replicas([child.pid])))
        lives.look()
        child.communicate(b"\n")
    (gone,) = lives.settled()
    assert not gone.settled
    assert gone.young == gone.old


def test_a_young_process_is_not_looked_at() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lives = Lives(cast("Fleet", Replicas([child.pid])))
        assert lives.look() == frozenset()
        child.communicate(b"\n")
    assert lives.settled() == ()
