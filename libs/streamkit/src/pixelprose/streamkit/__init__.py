"""Consume, decide, produce, exactly once: the loop that every service shares."""

from pixelprose.streamkit.codec import Codec
from pixelprose.streamkit.errors import (
    OutputTooLarge,
    Stop,
    StreamError,
    Unavailable,
    Undecodable,
)
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.letters.retries import Retries, Tier, retries_of
from pixelprose.streamkit.log import (
    Committed,
    Headers,
    Log,
    Membership,
    Message,
    Outgoing,
    TopicPartition,
)
from pixelprose.streamkit.metrics import Metrics
from pixelprose.streamkit.outcome import DeadLetter, Emit, Later, Outcome, Reject, Skip
from pixelprose.streamkit.runner import Runner
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.worker import AsyncStep, BatchStep, Step, Worker
from pixelprose.streamkit.workers import Async, Batches, Inline, Threads

__all__ = [
    "Async",
    "AsyncStep",
    "BatchStep",
    "Batches",
    "Codec",
    "Committed",
    "DeadLetter",
    "Emit",
    "ExitCode",
    "Headers",
    "Inline",
    "Later",
    "Log",
    "Membership",
    "Message",
    "Metrics",
    "Outcome",
    "Outgoing",
    "OutputTooLarge",
    "Reject",
    "Retries",
    "Runner",
    "RunnerSettings",
    "Skip",
    "Step",
    "Stop",
    "StreamError",
    "Threads",
    "Tier",
    "TopicPartition",
    "Unavailable",
    "Undecodable",
    "Worker",
    "retries_of",
]
