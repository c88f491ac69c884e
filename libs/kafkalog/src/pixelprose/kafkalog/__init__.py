"""The log on Kafka: exactly-once through one consumer and one transactional producer."""

from pixelprose.kafkalog.appender import Appender
from pixelprose.kafkalog.downstream import DownstreamLag, Lags, Reader
from pixelprose.kafkalog.log import KafkaLog
from pixelprose.kafkalog.probe import cluster_id, partition_count
from pixelprose.kafkalog.settings import Configuration, KafkaSettings
from pixelprose.kafkalog.stable_offsets import StableOffsetWatch
from pixelprose.kafkalog.unread import UnreadWatch

__all__ = [
    "Appender",
    "Configuration",
    "DownstreamLag",
    "KafkaLog",
    "KafkaSettings",
    "Lags",
    "Reader",
    "StableOffsetWatch",
    "UnreadWatch",
    "cluster_id",
    "partition_count",
]
