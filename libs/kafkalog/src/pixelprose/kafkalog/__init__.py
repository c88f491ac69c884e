"""The log on Kafka: exactly-once through one consumer and one transactional producer."""

from pixelprose.kafkalog.log import KafkaLog
from pixelprose.kafkalog.probe import cluster_id
from pixelprose.kafkalog.settings import Configuration, KafkaSettings

__all__ = ["Configuration", "KafkaLog", "KafkaSettings", "cluster_id"]
