"""Faust, one agent, its default guarantee (at least once)."""

import faust  # type: ignore[import-not-found]  # lives in an environment of its own
from bench.spine import work

TASK = work.task()
app = faust.App(
    f"bench.{TASK.group}",
    broker=f"kafka://{TASK.servers}",
    topic_partitions=work.PARTITIONS,
    topic_disable_leader=True,
    broker_commit_interval=0.2,
    web_enabled=False,
)
source = app.topic(TASK.source, value_type=bytes, value_serializer="raw", key_serializer="raw")
target = app.topic(TASK.target, value_type=bytes, value_serializer="raw", key_serializer="raw")


@app.agent(source)  # type: ignore[untyped-decorator]  # as above
async def change(stream: faust.Stream) -> None:
    """Pass on every record, changed."""
    async for event in stream.events():
        await target.send(key=event.key, value=work.done(event.value))


if __name__ == "__main__":
    app.finalize()
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()
