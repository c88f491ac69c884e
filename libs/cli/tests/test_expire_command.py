"""`pixelprose expire`, on a bucket of the embedded S3, which knows no rules of its own."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.choices import Output
from pixelprose.cli.errors import CommandError
from pixelprose.cli.expire_command import run_expire, run_overdue
from pixelprose.embedded.testing import FreshBucket
from pixelprose.objectstore import (
    S3Store,
    StoreSettings,
    image_original,
    image_rendition,
    open_store,
    quarantine_rendition,
)

SHA256 = "0" * 64
NOWHERE = {"kafka": {"bootstrap_servers": "127.0.0.1:1"}}


@pytest.fixture
def store(bucket: FreshBucket) -> S3Store:
    access = bucket.access
    store = open_store(
        StoreSettings(
            endpoint=access.endpoint,
            bucket=bucket.name,
            access_key=access.access_key,
            secret_key=access.secret_key,
        )
    )
    for key in (quarantine_rendition(SHA256), image_original(SHA256), image_rendition(SHA256)):
        store.put(key, b"bytes", content_type="image/jpeg")
    return store


@pytest.fixture
def config(bucket: FreshBucket, tmp_path: Path) -> Path:
    access = bucket.access
    place = {"endpoint": access.endpoint, "bucket": bucket.name}
    secret = access.secret_key.get_secret_value()
    document = NOWHERE | {
        "store": place | {"access_key": access.access_key, "secret_key": secret},
        "ingester": {"concurrency": 8, "expiry": {"quarantine_days": 3, "originals_days": 20}},
    }
    path = tmp_path / "pixelprose.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.real
def test_what_is_overdue_is_counted_first_and_deleted_when_asked(
    store: S3Store, config: Path
) -> None:
    def now() -> datetime:
        return datetime.now(UTC) + timedelta(days=21)

    with Console(record=True, width=80) as console:
        run_overdue(config, Output.TEXT, console, now=now)
        assert len(list(store.list(""))) == 3
        run_expire(config, Output.TEXT, console, now=now)
    assert list(store.list("")) == [image_rendition(SHA256)]
    said = [line.split() for line in console.export_text().splitlines()]
    assert said[:2] == [["objects", "days", "overdue"], ["quarantine/", "3", "1"]]
    assert ["images/*/original", "20", "1"] in said
    assert ["objects", "days", "deleted"] in said


@pytest.mark.real
def test_what_is_young_stays(store: S3Store, config: Path) -> None:
    said = CliRunner().invoke(app, ["expire", "--delete", "--json", "--config", str(config)])
    assert said.exit_code == 0, said.output
    assert {one["objects"]: one["count"] for one in json.loads(said.output)} == dict.fromkeys(
        ["quarantine/", "receipts/", "robots/", "tdmrep/", "images/*/original"], 0
    )
    assert len(list(store.list(""))) == 3


def test_without_a_store_it_says_what_to_set(tmp_path: Path) -> None:
    path = tmp_path / "pixelprose.yaml"
    path.write_text(yaml.safe_dump(NOWHERE))
    with pytest.raises(CommandError, match="PIXELPROSE_STORE__ENDPOINT"):
        run_overdue(path, Output.TEXT, Console())
