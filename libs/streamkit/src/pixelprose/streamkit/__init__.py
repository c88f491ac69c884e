"""Consume, decide, produce, exactly once: the loop that every service shares."""

from pixelprose.streamkit.asynchronous import Async
from pixelprose.streamkit.batches import Batches
from pixelprose.streamkit.codec import Codec
from pixelprose.streamkit.errors import (
    OutputTooLarge,
    Stop,
    StreamError,
    Unavailable,
    Undecodable,
)
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.host import Host, Service
from pixelprose.streamkit.inline import Inline
from pixelprose.streamkit.kafka_log import KafkaLog
from pixelprose.streamkit.kafka_probe import cluster_id
from pixelprose.streamkit.kafka_settings import Configuration, KafkaSettings
from pixelprose.streamkit.log import Headers, Log, Membership, Message, Outgoing, TopicPartition
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.outcome import DeadLetter, Emit, Outcome, Reject, Skip
from pixelprose.streamkit.runner import Runner
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.service import run_service
from pixelprose.streamkit.settings import HttpSettings, LogSettings, ServiceSettings, load
from pixelprose.streamkit.threads import Threads
from pixelprose.streamkit.worker import AsyncStep, BatchStep, Step, Worker

__all__ = [
    "Async",
    "AsyncStep",
    "BatchStep",
    "Batches",
    "Codec",
    "Configuration",
    "DeadLetter",
    "Emit",
    "ExitCode",
    "Headers",
    "Host",
    "HttpSettings",
    "Inline",
    "KafkaLog",
    "KafkaSettings",
    "Log",
    "LogSettings",
    "Membership",
    "Message",
    "Metrics",
    "Outcome",
    "Outgoing",
    "OutputTooLarge",
    "Reject",
    "Runner",
    "RunnerSettings",
    "Service",
    "ServiceSettings",
    "Skip",
    "Step",
    "Stop",
    "StreamError",
    "Threads",
    "TopicPartition",
    "Unavailable",
    "Undecodable",
    "Worker",
    "cluster_id",
    "load",
    "run_service",
]
