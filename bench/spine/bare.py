"""A bare confluent-kafka loop without transactions: poll, work, produce, commit every 0.2 s.

At least once, inline, no order kept by hand, no retries, no metrics: the least that loses nothing.
"""

import signal
import time

from bench.spine import work
from confluent_kafka import Consumer, Producer

COMMIT_SECONDS = 0.2


def main() -> None:
    """Run until SIGTERM."""
    task = work.task()
    common = {"bootstrap.servers": task.servers}
    producer = Producer({**common, "linger.ms": 5, "partitioner": "murmur2_random"})
    consumer = Consumer(
        {
            **common,
            "group.id": f"bench.{task.group}",
            "group.protocol": "consumer",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50,
        }
    )
    consumer.subscribe([task.source])
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    commit_at, pending = time.monotonic() + COMMIT_SECONDS, 0
    while not asked:
        message = consumer.poll(0.05)
        if message is not None and message.error() is None:
            producer.produce(task.target, work.done(message.value() or b""), message.key())
            producer.poll(0)
            pending += 1
        if pending and time.monotonic() >= commit_at:
            producer.flush()
            consumer.commit(asynchronous=False)
            commit_at, pending = time.monotonic() + COMMIT_SECONDS, 0
    producer.flush()
    consumer.close()  # what was not committed is done again, by whoever comes next


if __name__ == "__main__":
    main()
