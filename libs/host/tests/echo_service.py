"""A whole service in a few lines, for tests that start and kill a process of its own."""

import os
import signal

from pydantic import BaseModel, ConfigDict

from pixelprose.host import Service, ServiceSettings, run_service
from pixelprose.kafkalog import KafkaLog
from pixelprose.streamkit import (
    Emit,
    ExitCode,
    Later,
    Metrics,
    Outcome,
    Retries,
    Runner,
    Stop,
    Threads,
    Tier,
)
from pixelprose.streamkit.testing import TextCodec

RETRIES = Retries((Tier("in.tests.retry.1s", 1.0),))


class ConsoleSection(BaseModel):
    """The section of the service."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mark: str = "!"


class EchoSettings(ServiceSettings):
    """It calls itself by a section that every settings file may have."""

    console: ConsoleSection = ConsoleSection()


def build(settings: EchoSettings, metrics: Metrics) -> Service:
    """Append the mark to every text."""
    mark = settings.console.mark
    if mark == "missing":
        raise Stop(ExitCode.BAD_CONFIGURATION, "the mark is not there; set console.mark")

    def echo(record: str) -> Outcome[str]:
        if record == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if record == "later":
            return Later("busy")
        return Emit((record + mark,))

    log = KafkaLog(
        settings.kafka,
        topics=("in", *RETRIES.topics),
        service="tests",
        instance="one",
        slot=settings.slot,
    )
    worker = Threads(echo, count=4)
    runner = Runner(
        log,
        TextCodec(),
        worker,
        settings.runner,
        service="tests",
        version="1",
        metrics=metrics,
        retries=RETRIES,
    )
    return Service(runners=(runner,), begin=begin)


def begin() -> None:
    """Leave a trace, as a service would that writes something."""
    os.write(2, b"begun\n")


if __name__ == "__main__":
    run_service("echo", EchoSettings, build)
