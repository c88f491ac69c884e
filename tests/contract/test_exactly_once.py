"""A process of its own on a real broker, killed, ended and started again."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import pytest

from pixelprose.kafkalog import KafkaSettings
from pixelprose.streamkit import ExitCode, Headers, Outgoing

pytestmark = pytest.mark.real

SERVICE = Path(__file__).parents[2] / "libs/host/tests/echo_service.py"
SECONDS = 60.0
RECORDS = 4_000


class World(Protocol):
    settings: KafkaSettings

    def feed(self, *values: bytes, partition: int = 0, headers: Headers = ()) -> None: ...
    def appended(self, topic: str, count: int) -> Sequence[Outgoing]: ...
    def position(self, partition: int) -> int: ...
    def end(self, partition: int) -> int: ...


@contextmanager
def service(world: World, *, slot: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    port = free_port()
    environ = {
        **os.environ,
        "PIXELPROSE_SLOT": str(slot),
        "PIXELPROSE_HTTP__PORT": str(port),
        "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": world.settings.bootstrap_servers,
        "PIXELPROSE_KAFKA__TOPIC_PREFIX": world.settings.topic_prefix,
    }
    process = subprocess.Popen([sys.executable, str(SERVICE)], env=environ)
    try:
        until_ready(port)
        yield process
    finally:
        process.kill()
        process.wait(SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_ready(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as ready:
            assert ready.status == 200
            return
    raise AssertionError("the service does not become ready")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "the service stands still"


def until_position(world: World, least: int) -> None:
    until(lambda: world.position(0) + world.position(1) >= least)


def feed(world: World) -> None:
    for partition in range(2):
        values = [f"{partition}:{n}".encode() for n in range(partition, RECORDS, 2)]
        world.feed(*values, partition=partition)


def test_killed_in_the_middle_nothing_is_lost_or_doubled_and_order_is_kept(world: World) -> None:
    feed(world)
    for least in (1, 1_600):
        with service(world):
            until_position(world, least)
    with service(world) as last:
        until_position(world, world.end(0) + world.end(1))
        last.terminate()
        assert last.wait(SECONDS) == 0
    found = [out.value for out in world.appended("out", RECORDS)]
    for partition in (0, 1):
        lane = [value for value in found if value.startswith(b"%d:" % partition)]
        assert lane == [b"%d:%d!" % (partition, n) for n in range(partition, RECORDS, 2)]


def test_a_second_replica_takes_over_what_the_first_leaves(world: World) -> None:
    with service(world, slot=0) as first, service(world, slot=1):
        feed(world)
        until_position(world, 1)
        first.terminate()
        assert first.wait(SECONDS) == 0
        until_position(world, world.end(0) + world.end(1))
    world.appended("out", RECORDS)


def test_the_older_of_two_with_one_slot_exits_with_its_own_code(world: World) -> None:
    with service(world) as older:
        world.feed(b"a")
        until_position(world, 1)
        with service(world):
            until_position(world, world.end(0))
            deadline = time.monotonic() + SECONDS
            while older.poll() is None and time.monotonic() < deadline:
                world.feed(b"b", partition=0)
                world.feed(b"b", partition=1)
            assert older.wait(SECONDS) == ExitCode.FENCED


def test_a_record_that_kills_the_process_is_dead_lettered_and_the_rest_goes_on(
    world: World,
) -> None:
    world.feed(b"a", b"kill", b"b")
    deaths = 0
    while world.position(0) < world.end(0):
        assert deaths < 8, "the killer is not found"
        with suppress(AssertionError), service(world) as process:
            until(lambda: process.poll() is not None or world.position(0) >= world.end(0))
            deaths += process.poll() is not None
    assert [out.value for out in world.appended("out", 2)] == [b"a!", b"b!"]
    [letter] = world.appended("in.tests.dlq", 1)
    assert letter.value == b"kill"
    assert dict(letter.headers)["dlq_reason"] == b"killer_record"
    assert deaths >= 3


def test_a_record_put_off_comes_again_after_its_delay_and_ends_once(world: World) -> None:
    world.feed(b"later", b"a")
    with service(world):
        until(lambda: bool(world.position(0) >= world.end(0)))
        [rejected] = world.appended("rejected", 1)
    assert rejected.value == b"busy:later"
    assert [out.value for out in world.appended("out", 1)] == [b"a!"]


@pytest.fixture
def world(kafka_world: World) -> World:
    return kafka_world
