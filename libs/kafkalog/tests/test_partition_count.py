import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from pixelprose.embedded import EmbeddedKafka
from pixelprose.kafkalog import KafkaSettings, partition_count


@pytest.mark.real
def test_partitions_of_several_topics_are_counted_together(
    kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap_servers, topic_prefix=topic_prefix)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    made = [NewTopic(settings.physical(name), count, 1) for name, count in (("a", 3), ("b", 2))]
    for topic in admin.create_topics(made).values():
        topic.result(30)
    assert partition_count(settings, ["a", "b"]) == 5
    assert partition_count(settings, ["b", "nowhere"]) == 2
