"""Tables and bucket, read past our own code: deltalake for the file list, pyarrow, minio."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow.parquet as pq
import urllib3
from deltalake import DeltaTable
from minio import Minio

from chaos.history import CaptionSeen, RejectionSeen, Stored, Try
from chaos.topics_view import caption_seen, rejection_seen
from pixelprose.embedded import S3Access

_ASK_SECONDS = 5
_HALF: Final = re.compile(r"-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
"""Behind the key of an upload that S3Proxy has not renamed yet; none of our keys ends so."""


@dataclass(slots=True)
class StoreView:
    """One bucket, straight from the server: no fault of a proxy reaches it."""

    access: S3Access
    bucket: str
    _files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _client: Minio = field(init=False)

    def captions(self) -> list[CaptionSeen]:
        """The rows of the table of captions."""
        return [caption_seen(_who(row), row) for row in self._rows("captions")]

    def rejections(self) -> list[RejectionSeen]:
        """The rows of the table of rejections."""
        return [rejection_seen(_who(row), row) for row in self._rows("rejections")]

    def images(self) -> list[Try]:
        """Whose rows the table of images holds, each as often as it stands there."""
        return [_who(row) for row in self._rows("images")]

    def tries(self, table: str) -> set[Try]:
        """Whose rows a table holds."""
        return {_who(row) for row in self._rows(table)}

    def stored(self) -> Stored:
        """The bucket as it lies."""
        client = self._client
        listed = {
            one.object_name or "": (one.etag or "").strip('"')
            for one in client.list_objects(self.bucket, recursive=True)
        }
        halves = tuple(filter(is_half, listed))
        etags = {key: etag for key, etag in listed.items() if key not in halves}
        claims = {key.split("/")[1]: self._get(key).decode() for key in _under(etags, "seen/")}
        receipts = {
            key.split("/")[1]: _accepted(self._get(key)) for key in _under(etags, "receipts/")
        }
        return Stored(etags, claims, receipts, halves)

    def __post_init__(self) -> None:
        self._client = Minio(
            self.access.endpoint.removeprefix("http://"),
            access_key=self.access.access_key,
            secret_key=self.access.secret_key.get_secret_value(),
            secure=False,
            region=self.access.region,
            http_client=urllib3.PoolManager(retries=False, timeout=_ASK_SECONDS),
        )

    def remove(self) -> None:
        """Remove the bucket and all that lies in it."""
        for one in self._client.list_objects(self.bucket, recursive=True):
            self._client.remove_object(self.bucket, one.object_name or "")
        self._client.remove_bucket(self.bucket)

    def _rows(self, name: str) -> Iterator[dict[str, Any]]:
        # to_pyarrow_table() of deltalake 1.6.6 may abort the interpreter at its end; files never
        # change, so each is read once.
        uri = f"s3://{self.bucket}/lake/{name}"
        for file in DeltaTable(uri, storage_options=self._options()).file_uris():
            if file not in self._files:
                data = io.BytesIO(self._get(file.removeprefix(f"s3://{self.bucket}/")))
                self._files[file] = pq.ParquetFile(data).read(use_threads=False).to_pylist()
            yield from self._files[file]

    def _get(self, key: str) -> bytes:
        answer = self._client.get_object(self.bucket, key)
        try:
            return answer.read()
        finally:
            answer.close()
            answer.release_conn()

    def _options(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.access.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": self.access.region,
            "AWS_ACCESS_KEY_ID": self.access.access_key,
            "AWS_SECRET_ACCESS_KEY": self.access.secret_key.get_secret_value(),
            "timeout": f"{_ASK_SECONDS}s",
            "connect_timeout": f"{_ASK_SECONDS}s",
            "max_retries": "1",
        }


def is_half(key: str) -> bool:
    """Whether the S3 server had not put this upload in its place yet."""
    return _HALF.search(key) is not None


def _who(row: Mapping[str, Any]) -> Try:
    return row["submission_id"], row["attempt"]


def _under(etags: Mapping[str, str], prefix: str) -> list[str]:
    return [key for key in etags if key.startswith(prefix)]


def _accepted(receipt: bytes) -> str | None:
    decision = json.loads(receipt)["decision"]
    record = decision.get("record")
    return record["image"]["sha256"] if record else None
