"""Signed requests for one object each, at about half of the SDK's processor time.

The SDK has no conditional put, and what a presigned URL costs (urllib3 looks at each character of
its query) is more than the request itself. Signature and URL are still the SDK's.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import quote, urlsplit

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from pixelprose.objectstore.settings import StoreSettings

_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
"""Over TLS, which keeps the bytes whole."""

_MARK: Final = "k"
_LIFETIME: Final = timedelta(seconds=1)


class SignedRequests:
    """Sends requests for objects of one bucket over connections that are kept. Thread-safe."""

    def __init__(self, settings: StoreSettings, client: Minio) -> None:
        # Where a bucket lies is the SDK's knowledge: by path, or by a name of its own at AWS.
        place = urlsplit(client.presigned_put_object(settings.bucket, _MARK, expires=_LIFETIME))
        self._origin = place._replace(path="", query="")
        self._folder = place.path.removesuffix(_MARK)
        self._credentials = Credentials(settings.access_key, settings.secret_key.get_secret_value())
        self._region = settings.region
        self._pool = urllib3.connection_from_url(
            self._origin.geturl(),
            maxsize=settings.max_connections,
            block=True,
            timeout=urllib3.Timeout(
                connect=settings.connect_timeout_seconds, read=settings.read_timeout_seconds
            ),
        )

    def send(
        self,
        method: Literal["GET", "PUT"],
        key: str,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> urllib3.BaseHTTPResponse:
        """Return the whole answer, whatever its status.

        Raises urllib3's HTTPError when there is none.
        """
        url = self._origin._replace(path=f"{self._folder}{quote(key)}")
        plain = url.scheme == "http"
        digest = hashlib.sha256(body).hexdigest() if plain else _UNSIGNED
        now = datetime.now(UTC)
        signed: dict[str, Any] = sign_v4_s3(
            method=method,
            url=url,
            region=self._region,
            headers={
                **(headers or {}),
                "Host": url.netloc,
                "x-amz-content-sha256": digest,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            },
            credentials=self._credentials,
            content_sha256=digest,
            date=now,
        )
        return self._pool.urlopen(
            method, url.path, body=body or None, headers=signed, retries=False, redirect=False
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()
