"""A real Kafka and a real S3 server on one machine, by pip alone."""

from pixelprose.embedded.errors import (
    DiskFull,
    EmbeddedError,
    FetchFailed,
    FolderInUse,
    JavaMissing,
    PortInUse,
    ServerFailed,
    WrongChecksum,
)
from pixelprose.embedded.jars import FetchProgress, JarCache
from pixelprose.embedded.kafka import EmbeddedKafka
from pixelprose.embedded.lock import load_lock
from pixelprose.embedded.s3 import EmbeddedS3
from pixelprose.embedded.s3_access import S3Access
from pixelprose.embedded.settings import (
    KafkaSettings,
    S3Settings,
    StackSettings,
    default_cache_dir,
)
from pixelprose.embedded.stack import Stack, open_jars

__all__ = [
    "DiskFull",
    "EmbeddedError",
    "EmbeddedKafka",
    "EmbeddedS3",
    "FetchFailed",
    "FetchProgress",
    "FolderInUse",
    "JarCache",
    "JavaMissing",
    "KafkaSettings",
    "PortInUse",
    "S3Access",
    "S3Settings",
    "ServerFailed",
    "Stack",
    "StackSettings",
    "WrongChecksum",
    "default_cache_dir",
    "load_lock",
    "open_jars",
]
