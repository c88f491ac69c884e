"""Apache Kafka, one KRaft node, on a folder."""

import base64
import secrets
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.hanging import watch_hanging
from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.java import JAVA
from pixelprose.embedded.kafka_properties import broker_properties
from pixelprose.embedded.ports import LOOPBACK, is_free, settle_port
from pixelprose.embedded.process import ServerProcess
from pixelprose.embedded.server import EmbeddedServer
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


class EmbeddedKafka(EmbeddedServer[KafkaSettings]):
    """A broker.

    ``after_unclean_stop`` is called with the bootstrap servers when the broker is ready again and
    had not stopped cleanly before: by default hanging transactions are then found and ended, in a
    thread.
    """

    name = "kafka"

    def __init__(
        self,
        folder: Path,
        *,
        jars: JarCache,
        settings: KafkaSettings | None = None,
        java: Path = JAVA,
        after_unclean_stop: AfterUncleanStop = watch_hanging,
    ) -> None:
        super().__init__(folder, jars=jars, settings=settings or KafkaSettings(), java=java)
        self._logs = self._folder / "data"
        self._properties = self._folder / "server.properties"
        self._after_unclean_stop = after_unclean_stop
        self._ports = (self._settings.port, self._settings.controller_port)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect, once started."""
        return f"{LOOPBACK}:{self._ports[0]}"

    @property
    def cluster_id(self) -> str:
        """The id the data was made with; the same for as long as the data lives."""
        lines = (self._logs / "meta.properties").read_text("utf-8").splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))

    def _settle_ports(self) -> Sequence[int]:
        port, controller_port = self._ports
        return (
            settle_port(port, setting="kafka.port"),
            settle_port(controller_port, setting="kafka.controller_port"),
        )

    def _keep(self, ports: Sequence[int]) -> None:
        port, controller_port = ports
        self._ports = (port, controller_port)

    def _run(self, ports: Sequence[int]) -> ServerProcess:
        was_clean = (self._logs / ".kafka_cleanshutdown").exists() or not self._is_formatted
        process = super()._run(ports)
        if not was_clean:
            self._after_unclean_stop(self.bootstrap_servers)
        return process

    @property
    def _is_formatted(self) -> bool:
        return (self._logs / "meta.properties").exists()

    def _prepare(self, ports: Sequence[int]) -> Sequence[str]:
        port, controller_port = ports
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
        return self._command("kafka.Kafka", str(self._properties), properties=_LOGGING)

    def _format(self) -> None:
        done = subprocess.run(  # noqa: S603 - our own command
            self._command(
                "kafka.tools.StorageTool",
                *("format", "-t", new_cluster_id(), "-c", str(self._properties)),
                properties=_LOGGING,
            ),
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"kafka could not format {self._logs}:\n{done.stdout}{done.stderr}")

    def _answers(self, ports: Sequence[int]) -> bool:
        port, _ = ports
        if is_free(port):
            return False
        admin = AdminClient({"bootstrap.servers": f"{LOOPBACK}:{port}", "log_level": 0})
        try:
            cluster = admin.list_topics(timeout=_ASK_SECONDS)
        except KafkaException:
            return False
        return bool(cluster.brokers) and cluster.cluster_id == self.cluster_id
