"""S3Proxy, an S3 server over a folder."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

import urllib3
from minio import Minio
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from pixelprose.embedded.errors import ServerFailed
from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.java import JAVA, java_command
from pixelprose.embedded.lock import load_lock
from pixelprose.embedded.ports import LOOPBACK, is_free, settle_port
from pixelprose.embedded.process import ServerProcess
from pixelprose.embedded.running import Limits, despite_port_races, run_server
from pixelprose.embedded.s3_access import S3Access, keep_credentials, write_private
from pixelprose.embedded.settings import S3Settings

_ASK_SECONDS = 2.0


class EmbeddedS3:
    """An S3 server whose objects, keys and log lie in ``folder``; a context manager.

    Its port is settled at the first start and stays for the life of the object.
    """

    def __init__(
        self,
        folder: Path,
        *,
        jars: JarCache,
        settings: S3Settings | None = None,
        java: Path = JAVA,
    ) -> None:
        self._folder = folder.absolute()
        self._jars = jars
        self._settings = settings or S3Settings()
        self._java = java
        self._port = self._settings.port
        self._process: ServerProcess | None = None

    @property
    def access(self) -> S3Access:
        """Where clients connect and as whom, once started."""
        return self._access(self._port)

    @property
    def process(self) -> ServerProcess:
        """The running server. Raises ServerFailed when it was not started."""
        if self._process is None:
            raise ServerFailed("s3 is not started")
        return self._process

    def start(self) -> None:
        """Return when the server answers signed requests.

        Raises FetchFailed, WrongChecksum, JavaMissing, PortInUse, FolderInUse, DiskFull or
        ServerFailed.
        """
        self._jars.fetch(load_lock("s3"))
        self._process = despite_port_races(
            lambda: (settle_port(self._port, setting="s3.port"),), self._run
        )

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

    def _run(self, ports: Sequence[int]) -> ServerProcess:
        (port,) = ports
        process = run_server(
            "s3",
            self._folder,
            limits=Limits(
                ready_seconds=self._settings.ready_seconds,
                stop_seconds=self._settings.stop_seconds,
                minimum_free_mib=self._settings.minimum_free_mib,
            ),
            prepare=lambda: self._prepare(port),
            is_ready=lambda: not is_free(port) and _answers(self._access(port)),
        )
        self._port = port
        return process

    def _access(self, port: int) -> S3Access:
        keys = keep_credentials(self._folder / "credentials.json")
        return S3Access(f"http://{LOOPBACK}:{port}", keys.access_key, keys.secret_key)

    def _prepare(self, port: int) -> Sequence[str]:
        objects = self._folder / "objects"
        objects.mkdir(exist_ok=True)
        access = self._access(port)
        config = self._folder / "s3proxy.conf"
        write_private(
            config,
            f"s3proxy.endpoint={access.endpoint}\n"
            "s3proxy.authorization=aws-v4\n"
            f"s3proxy.identity={access.access_key}\n"
            f"s3proxy.credential={access.secret_key.get_secret_value()}\n"
            "jclouds.provider=filesystem-nio2\n"
            f"jclouds.filesystem.basedir={objects}\n",
        )
        logging = self._folder / "logback.xml"
        logging.write_text((files(__package__) / "logback.xml").read_text("utf-8"), "utf-8")
        return java_command(
            "org.gaul.s3proxy.Main",
            ("--properties", str(config)),
            java=self._java,
            classpath=self._jars.classpath(load_lock("s3")),
            heap_mib=self._settings.heap_mib,
            properties=(f"logback.configurationFile={logging}",),
        )


def _answers(access: S3Access) -> bool:
    """Whether a signed request is served: the server is up, and is ours."""
    client = Minio(
        access.endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=access.secret_key.get_secret_value(),
        secure=False,
        region=access.region,
        http_client=urllib3.PoolManager(retries=False, timeout=_ASK_SECONDS),
    )
    try:
        client.list_buckets()
    except (MinioException, HTTPError):
        return False
    return True
