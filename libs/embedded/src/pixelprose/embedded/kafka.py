"""Apache Kafka, one KRaft node, on a folder."""

import base64
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.hanging import watch_hanging
from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.java import JAVA, java_command
from pixelprose.embedded.kafka_properties import broker_properties
from pixelprose.embedded.lock import load_lock
from pixelprose.embedded.ports import LOOPBACK, is_free, settle_port
from pixelprose.embedded.process import ServerProcess
from pixelprose.embedded.running import Limits, despite_port_races, run_server
from pixelprose.embedded.settings import KafkaSettings

_FORMAT_SECONDS = 60
_ASK_SECONDS = 1.0
_LOGGING = (
    "org.slf4j.simpleLogger.defaultLogLevel=warn",
    "org.slf4j.simpleLogger.showDateTime=true",
    "org.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

AfterUncleanStop = Callable[[str], None]


def leave_as_is(_bootstrap_servers: str) -> None:
    """Do nothing after an unclean stop."""


def new_cluster_id(random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """16 random bytes as Kafka writes them; none begins with a dash, which looks like an option."""
    while True:
        text = base64.urlsafe_b64encode(random_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class EmbeddedKafka:
    """A broker whose data, settings and log lie in ``folder``; a context manager.

    Ports are settled at the first start and stay for the life of the object, so clients find it
    again after ``kill()`` and ``start()``. ``after_unclean_stop`` is called with the bootstrap
    servers when the broker is ready again and had not stopped cleanly before: by default hanging
    transactions are then found and ended, in a thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        jars: JarCache,
        settings: KafkaSettings | None = None,
        java: Path = JAVA,
        after_unclean_stop: AfterUncleanStop = watch_hanging,
    ) -> None:
        self._folder = folder.absolute()
        self._logs = self._folder / "data"
        self._properties = self._folder / "server.properties"
        self._jars = jars
        self._settings = settings or KafkaSettings()
        self._java = java
        self._after_unclean_stop = after_unclean_stop
        self._ports = (self._settings.port, self._settings.controller_port)
        self._process: ServerProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect, once started."""
        return f"{LOOPBACK}:{self._ports[0]}"

    @property
    def cluster_id(self) -> str:
        """The id the data was made with; the same for as long as the data lives."""
        lines = (self._logs / "meta.properties").read_text("utf-8").splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    @property
    def process(self) -> ServerProcess:
        """The running server. Raises ServerFailed when it was not started."""
        if self._process is None:
            raise ServerFailed("kafka is not started")
        return self._process

    def start(self) -> None:
        """Return when the broker answers clients.

        Raises FetchFailed, WrongChecksum, JavaMissing, PortInUse, FolderInUse, DiskFull or
        ServerFailed.
        """
        self._jars.fetch(load_lock("kafka"))
        self._process = despite_port_races(self._settle_ports, self._run)

    def stop(self) -> None:
        """End the broker cleanly; stopping a stopped one is fine."""
        if self._process:
            self._process.stop()

    def kill(self) -> None:
        """End the broker with SIGKILL."""
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

    def _settle_ports(self) -> tuple[int, int]:
        port, controller_port = self._ports
        return (
            settle_port(port, setting="kafka.port"),
            settle_port(controller_port, setting="kafka.controller_port"),
        )

    def _run(self, ports: Sequence[int]) -> ServerProcess:
        port, controller_port = ports
        was_clean = (self._logs / ".kafka_cleanshutdown").exists() or not self._is_formatted
        process = run_server(
            "kafka",
            self._folder,
            limits=Limits(
                ready_seconds=self._settings.ready_seconds,
                stop_seconds=self._settings.stop_seconds,
                minimum_free_mib=self._settings.minimum_free_mib,
            ),
            prepare=lambda: self._prepare(port, controller_port),
            is_ready=lambda: self._answers(port),
        )
        self._ports = (port, controller_port)
        if not was_clean:
            self._after_unclean_stop(self.bootstrap_servers)
        return process

    @property
    def _is_formatted(self) -> bool:
        return (self._logs / "meta.properties").exists()

    def _prepare(self, port: int, controller_port: int) -> Sequence[str]:
        self._properties.write_text(
            broker_properties(
                self._logs,
                port=port,
                controller_port=controller_port,
                overrides=self._settings.overrides,
            ),
            "utf-8",
        )
        if not self._is_formatted:
            self._format()
        return self._command("kafka.Kafka", str(self._properties))

    def _format(self) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            self._command(
                "kafka.tools.StorageTool",
                *("format", "-t", new_cluster_id(), "-c", str(self._properties)),
            ),
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"kafka could not format {self._logs}:\n{done.stdout}{done.stderr}")

    def _command(self, main: str, *arguments: str) -> Sequence[str]:
        return java_command(
            main,
            arguments,
            java=self._java,
            classpath=self._jars.classpath(load_lock("kafka")),
            heap_mib=self._settings.heap_mib,
            properties=_LOGGING,
        )

    def _answers(self, port: int) -> bool:
        """Whether the broker on ``port`` serves metadata, and is ours."""
        if is_free(port):
            return False
        admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
        try:
            cluster = admin.list_topics(timeout=_ASK_SECONDS)
        except KafkaException:
            return False
        return bool(cluster.brokers) and cluster.cluster_id == self.cluster_id
