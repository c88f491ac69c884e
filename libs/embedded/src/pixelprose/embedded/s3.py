"""S3Proxy, an S3 server over a folder."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import MinioException
from urllib3.exceptions import HTTPError

from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.java import JAVA
from pixelprose.embedded.ports import LOOPBACK, is_free, settle_port
from pixelprose.embedded.s3_access import S3Access, keep_credentials, write_private
from pixelprose.embedded.server import EmbeddedServer
from pixelprose.embedded.settings import S3Settings

_ASK_SECONDS = 2.0


class EmbeddedS3(EmbeddedServer[S3Settings]):
    """An S3 server."""

    name = "s3"

    def __init__(
        self,
        folder: Path,
        *,
        jars: JarCache,
        settings: S3Settings | None = None,
        java: Path = JAVA,
    ) -> None:
        super().__init__(folder, jars=jars, settings=settings or S3Settings(), java=java)
        self._port = self._settings.port

    @property
    def access(self) -> S3Access:
        """Where clients connect and as whom, once started."""
        return self._access(self._port)

    def _settle_ports(self) -> Sequence[int]:
        return (settle_port(self._port, setting="s3.port"),)

    def _keep(self, ports: Sequence[int]) -> None:
        (self._port,) = ports

    def _answers(self, ports: Sequence[int]) -> bool:
        (port,) = ports
        return not is_free(port) and _answers(self._access(port))

    def _access(self, port: int) -> S3Access:
        keys = keep_credentials(self._folder / "credentials.json")
        return S3Access(f"http://{LOOPBACK}:{port}", keys.access_key, keys.secret_key)

    def _prepare(self, ports: Sequence[int]) -> Sequence[str]:
        (port,) = ports
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
        return self._command(
            "org.gaul.s3proxy.Main",
            *("--properties", str(config)),
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
