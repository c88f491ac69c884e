"""Ports on the loopback address."""

import socket

from pixelprose.embedded.errors import PortInUse

LOOPBACK = "127.0.0.1"


def settle_port(port: int, *, setting: str) -> int:
    """``port`` if nobody has it, or any free one for 0. Raises PortInUse, naming ``setting``."""
    if not port:
        return free_port()
    if not is_free(port):
        raise PortInUse(
            f"port {port} is in use; stop the program that has it, or set {setting} to another"
            " port, or to 0 for any free one"
        )
    return port


def free_port() -> int:
    """A port that nobody had a moment ago."""
    with _socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` now."""
    with _socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _socket() -> socket.socket:
    probe = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As Java does: the last connections of a stopped server must not look like a server.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return probe
