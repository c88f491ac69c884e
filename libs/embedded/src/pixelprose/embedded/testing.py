"""Fixtures: one real server of each kind per test session, started when first asked for.

Put ``pytest_plugins = ["pixelprose.embedded.testing"]`` into the root conftest or a test module.
The servers are shared: take a fresh ``topic_prefix`` or ``bucket`` in each test, and start a server
of your own on ``tmp_path`` (with ``jar_cache``) for a test that kills it.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from minio import Minio

from pixelprose.embedded.jars import JarCache
from pixelprose.embedded.kafka import EmbeddedKafka
from pixelprose.embedded.s3 import EmbeddedS3
from pixelprose.embedded.s3_access import S3Access
from pixelprose.embedded.settings import default_cache_dir
from pixelprose.embedded.stack import open_jars


@dataclass(frozen=True, slots=True)
class RunningStack:
    """Both shared servers."""

    kafka: EmbeddedKafka
    s3: EmbeddedS3


@dataclass(frozen=True, slots=True)
class FreshBucket:
    """An empty bucket that no other test uses, and how to reach it."""

    access: S3Access
    name: str


@pytest.fixture(scope="session")
def jar_cache() -> JarCache:
    """The jars of both servers; fetched once per machine."""
    return open_jars(default_cache_dir())


@pytest.fixture(scope="session")
def kafka(jar_cache: JarCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker of this test session."""
    with EmbeddedKafka(tmp_path_factory.mktemp("kafka"), jars=jar_cache) as started:
        yield started


@pytest.fixture(scope="session")
def s3(jar_cache: JarCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedS3]:
    """An S3 server of this test session."""
    with EmbeddedS3(tmp_path_factory.mktemp("s3"), jars=jar_cache) as started:
        yield started


@pytest.fixture(scope="session")
def stack(kafka: EmbeddedKafka, s3: EmbeddedS3) -> RunningStack:
    """Both servers of this test session."""
    return RunningStack(kafka, s3)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics, groups and transactional ids that no other test uses."""
    return f"t{secrets.token_hex(4)}."


@pytest.fixture
def bucket(s3: EmbeddedS3) -> FreshBucket:
    """An empty bucket on the shared server."""
    name = f"test-{secrets.token_hex(6)}"
    access = s3.access
    Minio(
        access.endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=access.secret_key.get_secret_value(),
        secure=False,
        region=access.region,
    ).make_bucket(name)
    return FreshBucket(access, name)
