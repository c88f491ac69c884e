"""The broker's settings for one node on one machine, and why."""

from collections.abc import Mapping
from pathlib import Path

from pixelprose.embedded.ports import LOOPBACK

_YEAR_MINUTES = 365 * 24 * 60

_ONE_NODE = {
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "min.insync.replicas": 1,
}

_SMALL = {
    "offsets.topic.num.partitions": 4,
    "transaction.state.log.num.partitions": 4,
    "share.coordinator.state.topic.num.partitions": 1,
    "log.cleaner.dedupe.buffer.size": 20_000_000,  # 128 MB by default, off the heap
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
}

_PROMISES = {
    # After kill -9 the old session must end before the transaction time-out (60 s) and soon: with
    # the default 9 s a restarted single node lost transaction markers, and outputs were doubled.
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    # A group idle for a week keeps its place: we never start at a guessed position.
    "offsets.retention.minutes": _YEAR_MINUTES,
    # Topics are data (schemas/topics.yaml); a typing error must not make one.
    "auto.create.topics.enable": "false",
}

_QUICK = {
    "group.initial.rebalance.delay.ms": 0,
    # A killed worker's partitions move within 6 s instead of 45 s.
    "group.consumer.min.session.timeout.ms": 1000,
    "group.consumer.session.timeout.ms": 6000,
    "group.consumer.min.heartbeat.interval.ms": 500,
    "group.consumer.heartbeat.interval.ms": 1000,
}


def broker_properties(
    folder: Path, *, port: int, controller_port: int, overrides: Mapping[str, str]
) -> str:
    """The text of `server.properties`; ``overrides`` win."""
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{LOOPBACK}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(folder),
        **_ONE_NODE,
        **_SMALL,
        **_PROMISES,
        **_QUICK,
        **overrides,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())
