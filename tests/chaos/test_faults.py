"""Faults find somebody to hit, whatever goes on beside them."""

import random
import subprocess
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import pytest

from chaos import faults
from chaos.fleet import Name, Replica
from chaos.world import World


@dataclass
class Process:
    """One that takes note of its end."""

    killed: bool = False

    def kill(self) -> None:
        self.killed = True


@dataclass
class Replicas:
    """A fleet whose replicas are ready."""

    replicas: list[Replica]

    def all(self) -> list[Replica]:
        return self.replicas

    def of(self, service: str) -> list[Replica]:
        return [one for one in self.replicas if one.name.service == service]

    def ready(self, replica: Replica) -> bool:
        return replica in self.replicas


def replica(service: str, slot: int = 0, *, held: bool = False) -> Replica:
    process = cast("subprocess.Popen[bytes]", Process())
    return Replica(Name(service, slot), process, held=held)


def world_of(*replicas: Replica) -> World:
    # The web says that a URL has answered each time that it is asked.
    web = SimpleNamespace(fickle=iter(range(9)).__next__)
    return cast("World", SimpleNamespace(fleet=Replicas(list(replicas)), web=web))


def killed(one: Replica) -> bool:
    return cast("Process", one.process).killed


@pytest.mark.parametrize("seed", range(8))
def test_a_service_whose_only_replica_is_stopped_is_left_to_that_fault(seed: int) -> None:
    stopped, free = replica("safety-filter", held=True), replica("sink")
    assert faults.kill(world_of(stopped, free), random.Random(seed)) == "sink/0"
    assert (killed(stopped), killed(free)) == (False, True)


def test_a_changed_web_leaves_a_stopped_ingester_to_its_fault() -> None:
    stopped, free = replica("ingester", held=True), replica("ingester", 1)
    faults.change_web(world_of(stopped, free), random.Random(1))
    assert (killed(stopped), killed(free)) == (False, True)
