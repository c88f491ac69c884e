"""Our runner on Kafka, as a service has it: one transaction per commit, every 0.2 s."""

import logging
import signal

import structlog
from bench.spine import work

from pixelprose.kafkalog import KafkaLog, KafkaSettings
from pixelprose.streamkit import (
    Emit,
    Inline,
    Message,
    Metrics,
    Outcome,
    Outgoing,
    Reject,
    Runner,
    RunnerSettings,
)


class Codec:
    """The work's codec as streamkit wants it."""

    def __init__(self, target: str) -> None:
        self._target = target

    def decode(self, message: Message) -> work.Record:
        """Return the record."""
        return work.decode(message.value)

    def encode(self, record: work.Record, cause: Message) -> Outgoing:
        """Return the record for the target topic, under its cause's key."""
        return Outgoing(self._target, cause.key, work.encode(record))

    def reject(
        self, rejected: Reject[work.Record], record: work.Record, cause: Message
    ) -> Outgoing:
        """Nothing is rejected here."""
        raise NotImplementedError


def step(record: work.Record) -> Outcome[work.Record]:
    """Change the one field."""
    return Emit((work.change(record),))


def main() -> None:
    """Run until SIGTERM."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    task = work.task()
    log = KafkaLog(
        KafkaSettings(bootstrap_servers=task.servers),
        topics=[task.source],
        service="bench",
        instance=task.group,
        slot=task.slot,
    )
    worker: Inline[work.Record, work.Record] = Inline(step)
    runner = Runner(
        log,
        Codec(task.target),
        worker,
        RunnerSettings(),
        service="bench",
        version="1",
        metrics=Metrics(),
    )
    signal.signal(signal.SIGTERM, lambda *_: runner.stop())
    runner.run()


if __name__ == "__main__":
    main()
