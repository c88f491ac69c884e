from pathlib import Path

from pixelprose.embedded.kafka import new_cluster_id
from pixelprose.embedded.kafka_properties import broker_properties


def properties(**overrides: str) -> dict[str, str]:
    text = broker_properties(Path("/data"), port=9092, controller_port=9093, overrides=overrides)
    return dict(line.split("=", 1) for line in text.splitlines())


def test_the_broker_listens_on_loopback_alone() -> None:
    listeners = properties()["listeners"].split(",")
    assert listeners == ["PLAINTEXT://127.0.0.1:9092", "CONTROLLER://127.0.0.1:9093"]


def test_every_internal_topic_is_content_with_one_node() -> None:
    found = properties()
    counts = {
        found[name]
        for name in found
        if name.endswith(("replication.factor", "min.isr", "insync.replicas"))
    }
    assert counts == {"1"}


def test_overrides_win() -> None:
    assert properties(**{"num.io.threads": "1"})["num.io.threads"] == "1"


def test_no_cluster_id_looks_like_an_option() -> None:
    drawn = iter([b"\xf8" + bytes(15), b"\xfb" * 16, bytes(16)])
    assert new_cluster_id(lambda _count: next(drawn)) == "A" * 22
