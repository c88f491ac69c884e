import pytest
from confluent_kafka import Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog.partitioning import partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        # From Kafka's own tests of Utils.murmur2, as signed numbers.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    ],
)
def test_a_key_lies_where_java_puts_it(key: bytes, hashed: int) -> None:
    assert partition_of(key, partitions=1 << 31) == hashed & 0x7FFFFFFF


@pytest.mark.real
def test_a_key_lies_where_our_producers_put_it(kafka: EmbeddedKafka, topic_prefix: str) -> None:
    topic, partitions = f"{topic_prefix}keys", 7
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "partitioner": "murmur2_random"}
    )
    lies: dict[bytes, int] = {}

    def delivered(_: object, message: Message) -> None:
        lies[bytes(message.key() or b"")] = message.partition() or 0

    for number in range(50):
        key = f"{'k' * (number % 9)}{number}".encode()
        producer.produce(topic, b"", key, on_delivery=delivered)
    assert producer.flush(30) == 0
    assert len(lies) == 50
    assert lies == {key: partition_of(key, partitions=partitions) for key in lies}
