"""The servers themselves; each test that stops or kills one starts its own."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import urllib3
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.cimpl import NewTopic
from minio import Minio
from minio.error import S3Error

from pixelprose.embedded import (
    EmbeddedKafka,
    EmbeddedS3,
    FolderInUse,
    JarCache,
    JavaMissing,
    KafkaSettings,
    PortInUse,
    S3Access,
    S3Settings,
    ServerFailed,
    Stack,
    StackSettings,
    load_lock,
)
from pixelprose.embedded.maven import MavenRepository
from pixelprose.embedded.ports import is_free
from pixelprose.embedded.settings import default_cache_dir
from pixelprose.embedded.testing import FreshBucket, RunningStack

pytestmark = pytest.mark.real

OFFLINE = MavenRepository({"nowhere": "http://127.0.0.1:1"})


@dataclass(frozen=True)
class OwnS3:
    server: EmbeddedS3
    folder: Path


def client(access: S3Access) -> Minio:
    return Minio(
        access.endpoint.removeprefix("http://"),
        access_key=access.access_key,
        secret_key=access.secret_key.get_secret_value(),
        secure=False,
        region=access.region,
        http_client=urllib3.PoolManager(retries=False, timeout=5),
    )


def produce(kafka: EmbeddedKafka, topic: str, value: bytes) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(topic, 1)])[topic].result(10)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(topic, value)
    assert producer.flush(10) == 0


def consume(kafka: EmbeddedKafka, topic: str) -> bytes | None:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": f"reads.{topic}",
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    message = consumer.poll(20)
    consumer.close()
    return message.value() if message else None


def test_a_record_goes_through_the_broker(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    produce(kafka, f"{topic_prefix}here", b"one")
    assert consume(kafka, f"{topic_prefix}here") == b"one"


def test_the_broker_makes_no_topic_by_itself(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}typo"
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "topic.metadata.propagation.max.ms": 500}
    )
    failed: list[KafkaError | None] = []
    producer.produce(topic, b"x", on_delivery=lambda error, _message: failed.append(error))
    producer.flush(10)
    assert len(failed) == 1
    assert failed[0] is not None
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    assert topic not in admin.list_topics(timeout=10).topics


def test_the_broker_runs_with_the_settings_our_promises_need(kafka: EmbeddedKafka) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    resource = ConfigResource(ConfigResource.Type.BROKER, "1")
    found = admin.describe_configs([resource])[resource].result(10)
    assert {
        name: found[name].value
        for name in (
            "broker.session.timeout.ms",
            "broker.heartbeat.interval.ms",
            "offsets.retention.minutes",
            "auto.create.topics.enable",
            "group.initial.rebalance.delay.ms",
        )
    } == {
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "500",
        "offsets.retention.minutes": "525600",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
    }
    assert "consumer" in str(found["group.coordinator.rebalance.protocols"].value)


def test_a_killed_broker_comes_back_with_its_data_its_id_and_its_port(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    unclean: list[str] = []
    with EmbeddedKafka(tmp_path, jars=jar_cache, after_unclean_stop=unclean.append) as kafka:
        reached, cluster_id = kafka.bootstrap_servers, kafka.cluster_id
        kafka.stop()
        kafka.start()
        assert unclean == []
        produce(kafka, "kept", b"one")
        kafka.kill()
        assert not kafka.process.is_alive()
        kafka.start()
        assert unclean == [reached]
        assert (kafka.bootstrap_servers, kafka.cluster_id) == (reached, cluster_id)
        assert consume(kafka, "kept") == b"one"
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": reached, "log_level": 0}).list_topics(timeout=1)


def test_a_broker_that_cannot_start_shows_the_end_of_its_log(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    broken = KafkaSettings(overrides={"num.io.threads": "none"})
    with pytest.raises(ServerFailed, match=r"num\.io\.threads"):
        EmbeddedKafka(tmp_path, jars=jar_cache, settings=broken).start()


def test_a_fixed_port_that_is_taken_is_refused_by_its_setting(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=r"set s3\.port"):
            EmbeddedS3(tmp_path, jars=jar_cache, settings=S3Settings(port=port)).start()
        with pytest.raises(PortInUse, match=r"set kafka\.port"):
            EmbeddedKafka(tmp_path, jars=jar_cache, settings=KafkaSettings(port=port)).start()


def test_without_java_nothing_starts_and_nothing_stays_claimed(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    for _ in range(2):
        with pytest.raises(JavaMissing):
            EmbeddedKafka(tmp_path, jars=jar_cache, java=tmp_path / "java").start()


@pytest.fixture(scope="module")
def own_s3(jar_cache: JarCache, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnS3]:
    """A server of this module, started from fetched jars with no repository in reach."""
    jar_cache.fetch(load_lock("s3"))
    offline = JarCache(default_cache_dir() / "jars", OFFLINE)
    folder = tmp_path_factory.mktemp("own")
    with EmbeddedS3(folder, jars=offline) as server:
        yield OwnS3(server, folder)


def test_a_second_start_needs_no_network(own_s3: OwnS3) -> None:
    assert own_s3.server.process.is_alive()


def test_a_second_server_on_the_same_data_is_refused(own_s3: OwnS3, jar_cache: JarCache) -> None:
    with pytest.raises(FolderInUse, match=str(own_s3.folder)):
        EmbeddedS3(own_s3.folder, jars=jar_cache).start()


def test_the_secret_key_is_for_its_owner_alone(own_s3: OwnS3) -> None:
    secret = own_s3.server.access.secret_key.get_secret_value()
    assert secret not in repr(own_s3.server.access)
    files = [path for path in own_s3.folder.rglob("*") if path.is_file()]
    holders = [path for path in files if secret in path.read_text()]
    assert {path.name for path in holders} == {"credentials.json", "s3proxy.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}


def test_buckets_and_keys_outlive_a_killed_s3_server(own_s3: OwnS3) -> None:
    before = own_s3.server.access
    client(before).make_bucket("kept")
    own_s3.server.kill()
    own_s3.server.start()
    assert own_s3.server.access == before
    assert client(before).bucket_exists("kept")


def test_a_stranger_gets_nothing_from_the_s3_server(bucket: FreshBucket) -> None:
    answer = urllib3.request("GET", f"{bucket.access.endpoint}/{bucket.name}", retries=False)
    assert answer.status == 403
    stranger = Minio(
        bucket.access.endpoint.removeprefix("http://"),
        access_key=bucket.access.access_key,
        secret_key="guessed",
        secure=False,
        region=bucket.access.region,
    )
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        list(stranger.list_objects(bucket.name))


def test_the_shared_servers_are_two(stack: RunningStack) -> None:
    assert stack.kafka.process.is_alive()
    assert stack.s3.process.is_alive()


def test_if_one_server_fails_the_other_is_not_left_running(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    settings = StackSettings(
        data_dir=tmp_path, kafka=KafkaSettings(overrides={"num.io.threads": "none"})
    )
    stack = Stack(settings, jars=jar_cache)
    with pytest.raises(ServerFailed):
        stack.start()
    assert not stack.s3.process.is_alive()


def test_a_server_that_ends_by_itself_is_noticed(tmp_path: Path, jar_cache: JarCache) -> None:
    with Stack(StackSettings(data_dir=tmp_path), jars=jar_cache) as stack:
        stack.check()
        os.kill(stack.s3.process.pid, signal.SIGKILL)
        stack.s3.process.stop()
        with pytest.raises(ServerFailed, match="s3 ended by itself"):
            stack.check()


def test_the_program_tells_how_to_reach_it_and_ends_cleanly_or_with_its_killer(
    tmp_path: Path, jar_cache: JarCache
) -> None:
    jar_cache.fetch(load_lock("kafka"), load_lock("s3"))
    command = [sys.executable, "-m", "pixelprose.embedded", "up", "--json", "--data", str(tmp_path)]
    identities = set()
    for end, status in ((signal.SIGKILL, -9), (signal.SIGINT, 0)):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
            assert program.stdout is not None
            told = json.loads(program.stdout.readline())
            identities.add((told["cluster_id"], told["s3_access_key"], told["s3_secret_key"]))
            admin = AdminClient({"bootstrap.servers": told["bootstrap_servers"]})
            assert admin.list_topics(timeout=10).cluster_id == told["cluster_id"]
            program.send_signal(end)
        assert program.returncode == status
    assert len(identities) == 1
    assert is_free(int(told["bootstrap_servers"].rpartition(":")[2]))
