"""The pinned jars of a server: which bytes we run, and nothing about where they come from.

A lock is a text file with one jar a line, `group:artifact:version sha256=<hex> bytes=<count>`;
`#` begins a comment. `relock` writes it, people review it.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

ServerName = Literal["kafka", "s3"]

_LINE = re.compile(
    r"(?P<group>[\w.-]+):(?P<artifact>[\w.-]+):(?P<version>[\w.-]+)"
    r" sha256=(?P<sha256>[0-9a-f]{64}) bytes=(?P<size>[1-9][0-9]*)"
)


@dataclass(frozen=True, slots=True)
class Jar:
    """One file of a Maven repository and the bytes it must have."""

    group: str
    artifact: str
    version: str
    sha256: str
    size_bytes: int

    @property
    def file_name(self) -> str:
        """Its name in our cache; other bytes have another name."""
        return f"{self.artifact}-{self.version}.{self.sha256[:12]}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All jars of one server, in class path order."""

    jars: tuple[Jar, ...]

    @property
    def size_bytes(self) -> int:
        """What a first fetch brings over the network, headers and checksums aside."""
        return sum(jar.size_bytes for jar in self.jars)


def load_lock(server: ServerName) -> Lock:
    """The lock this package ships for ``server``."""
    return parse_lock((files(__package__) / "locks" / f"{server}.lock").read_text("utf-8"))


def parse_lock(text: str) -> Lock:
    """Read a lock. Raises ValueError at the first line that is not a pinned jar."""
    lines = (line.strip() for line in text.splitlines())
    return Lock(tuple(_parse(line) for line in lines if line and not line.startswith("#")))


def render_lock(lock: Lock, *, heading: str) -> str:
    """The text that ``parse_lock`` reads back."""
    comments = [f"# {line}".rstrip() for line in heading.splitlines()]
    jars = [f"{jar} sha256={jar.sha256} bytes={jar.size_bytes}" for jar in lock.jars]
    return "\n".join([*comments, *jars, ""])


def _parse(line: str) -> Jar:
    match = _LINE.fullmatch(line)
    if not match:
        raise ValueError(f"not a pinned jar: {line!r}")
    return Jar(
        match["group"],
        match["artifact"],
        match["version"],
        sha256=match["sha256"],
        size_bytes=int(match["size"]),
    )
