"""The log on Kafka: exactly-once through one consumer and one transactional producer."""

from pixelprose.kafkalog.downstream import DownstreamLag, Reader, lags_of
from pixelprose.kafkalog.log import KafkaLog
from pixelprose.kafkalog.probe import cluster_id
from pixelprose.kafkalog.settings import Configuration, KafkaSettings

__all__ = [
    "Configuration",
    "DownstreamLag",
    "KafkaLog",
    "KafkaSettings",
    "Reader",
    "cluster_id",
    "lags_of",
]
