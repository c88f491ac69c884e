"""Processes are looked at while they live, and what they held is kept when they have gone."""

import math
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


def test_a_life_says_the_most_of_youth_and_the_last(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lives = Lives(cast("Fleet", Replicas([os.getpid()])))
    monkeypatch.setattr(usage, "YOUNG_SECONDS", math.inf)
    lives.look()
    with ExitStack() as files:
        for number in range(5):
            files.enter_context((tmp_path / str(number)).open("w"))
        lives.look()
        files.pop_all().close()
    lives.look()
    monkeypatch.setattr(usage, "YOUNG_SECONDS", 0.0)
    (ours,) = lives.settled()
    assert ours.settled
    assert ours.old.descriptors == ours.young.descriptors - 5
    assert ours.old.memory_bytes > 0
    assert ours.seconds > 0


def test_a_process_that_has_gone_is_kept_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        lives = Lives(cast("Fleet", Replicas([child.pid])))
        lives.look()
        monkeypatch.setattr(usage, "YOUNG_SECONDS", 0.0)
        lives.look()
        child.communicate(b"\n")
    (gone,) = lives.settled()
    assert not gone.settled
    assert gone.young.process == gone.old.process == "sink"


def test_a_process_that_is_still_young_or_was_never_seen_so_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        young = Lives(cast("Fleet", Replicas([child.pid])))
        assert young.settled() == ()
        monkeypatch.setattr(usage, "YOUNG_SECONDS", 0.0)
        assert Lives(cast("Fleet", Replicas([child.pid]))).settled() == ()
        child.communicate(b"\n")
