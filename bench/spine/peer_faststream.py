"""FastStream over confluent-kafka, one handler, one record at a time, deliveries not awaited."""

import asyncio
import logging

from bench.spine import work
from faststream import FastStream  # type: ignore[import-not-found]  # in an environment of its own
from faststream.confluent import (  # type: ignore[import-not-found]  # as above
    KafkaBroker,
    KafkaMessage,
)

TASK = work.task()
broker = KafkaBroker(TASK.servers, logger=None)
app = FastStream(broker, logger=logging.getLogger("bench"))


@broker.subscriber(  # type: ignore[untyped-decorator]  # as above
    TASK.source,
    group_id=f"bench.{TASK.group}",
    auto_offset_reset="earliest",
    auto_commit_interval_ms=200,
)
async def change(message: KafkaMessage) -> None:
    """Pass on every record, changed."""
    await broker.publish(
        work.done(message.body),
        TASK.target,
        key=message.raw_message.key(),
        no_confirm=True,
    )


if __name__ == "__main__":
    asyncio.run(app.run())
