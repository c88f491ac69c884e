"""What both embedded servers are: a process on a folder, which comes back where it was."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.java import JAVA, java_command
from pixelprose.embedded.lock import ServerName, load_lock
from pixelprose.embedded.process import ServerProcess
from pixelprose.embedded.running import Limits, despite_port_races, run_server
from pixelprose.embedded.settings import ServerSettings

S = TypeVar("S", bound=ServerSettings)


class EmbeddedServer(ABC, Generic[S]):
    """A server whose data, settings and log lie in ``folder``; a context manager.

    Its ports are settled at the first start and stay for the life of the object, so clients find it
    again after ``kill()`` and ``start()``.
    """

    name: ClassVar[ServerName]
    """Of its lock, and in messages."""

    def __init__(self, folder: Path, *, jars: JarCache, settings: S, java: Path = JAVA) -> None:
        self._folder = folder.absolute()
        self._jars = jars
        self._settings = settings
        self._java = java
        self._process: ServerProcess | None = None

    @property
    def process(self) -> ServerProcess:
        """The running server. Raises ServerFailed when it was not started."""
        if self._process is None:
            raise ServerFailed(f"{self.name} is not started")
        return self._process

    def start(self) -> None:
        """Return when the server answers clients.

        Raises FetchFailed, WrongChecksum, JavaMissing, PortInUse, FolderInUse, DiskFull or
        ServerFailed.
        """
        self._jars.fetch(load_lock(self.name))
        self._process = despite_port_races(self._settle_ports, self._run)

    def stop(self) -> None:
        """End the server cleanly; stopping a stopped one is fine."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the server with SIGKILL."""
        self.process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @abstractmethod
    def _settle_ports(self) -> Sequence[int]:
        """The ports of the last start, or else free ones."""

    @abstractmethod
    def _prepare(self, ports: Sequence[int]) -> Sequence[str]:
        """Write what the server reads in its claimed folder; return its command."""

    @abstractmethod
    def _answers(self, ports: Sequence[int]) -> bool:
        """Whether the server on these ports serves clients, and is ours."""

    @abstractmethod
    def _keep(self, ports: Sequence[int]) -> None:
        """Stay with these ports: it answers there."""

    def _run(self, ports: Sequence[int]) -> ServerProcess:
        process = run_server(
            self.name,
            self._folder,
            limits=Limits(
                ready_seconds=self._settings.ready_seconds,
                stop_seconds=self._settings.stop_seconds,
                minimum_free_mib=self._settings.minimum_free_mib,
            ),
            prepare=lambda: self._prepare(ports),
            is_ready=lambda: self._answers(ports),
        )
        self._keep(ports)
        return process

    def _command(self, main: str, *arguments: str, properties: Sequence[str] = ()) -> Sequence[str]:
        return java_command(
            main,
            arguments,
            java=self._java,
            classpath=self._jars.classpath(load_lock(self.name)),
            heap_mib=self._settings.heap_mib,
            properties=properties,
        )
