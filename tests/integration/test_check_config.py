"""`--check-config` of a whole service: it asks broker and store, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pixelprose.embedded import EmbeddedKafka
from pixelprose.embedded.testing import FreshBucket
from pixelprose.kafkalog import KafkaSettings
from pixelprose.objectstore import S3Store, StoreSettings
from pixelprose.records.topic_admin import initialise
from pixelprose.streamkit import ExitCode

pytestmark = pytest.mark.real


@pytest.fixture
def store(bucket: FreshBucket) -> StoreSettings:
    return StoreSettings(
        endpoint=bucket.access.endpoint,
        bucket=bucket.name,
        access_key=bucket.access.access_key,
        secret_key=bucket.access.secret_key,
    )


def checked(
    folder: Path, kafka: KafkaSettings, store: StoreSettings
) -> "subprocess.CompletedProcess[str]":
    config = folder / "pixelprose.yaml"
    secret = store.secret_key.get_secret_value()
    document = {
        "kafka": kafka.model_dump(mode="json", exclude_defaults=True),
        "store": store.model_dump(mode="json", exclude_defaults=True) | {"secret_key": secret},
        "ingester": {"decode": {"workers": 1}},
    }
    config.write_text(yaml.safe_dump(document))
    argv = [sys.executable, "-m", "pixelprose.ingester", "--check-config", "--config", str(config)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def test_good_settings_are_called_good_and_nothing_is_left(
    kafka: EmbeddedKafka, store: StoreSettings, topic_prefix: str, tmp_path: Path
) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    said = checked(tmp_path, settings, store)
    assert said.returncode == ExitCode.BAD_CONFIGURATION
    assert "pixelprose topics init" in said.stderr
    initialise(settings, instance="main", partitions=1, replication=1)
    said = checked(tmp_path, settings, store)
    assert (said.returncode, said.stdout) == (0, "ingester: the settings are good\n")
    assert list(S3Store(store).list("")) == []
