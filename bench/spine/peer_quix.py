"""Quix Streams, at least once, a commit every 0.2 s."""

from bench.spine import work
from quixstreams import Application  # type: ignore[import-not-found]  # in an environment of its own


def main() -> None:
    """Run until SIGTERM."""
    task = work.task()
    app = Application(
        broker_address=task.servers,
        consumer_group=f"bench.{task.group}",
        auto_offset_reset="earliest",
        commit_interval=0.2,
        auto_create_topics=False,
        loglevel="ERROR",
    )
    raw = {"value_deserializer": "bytes", "key_deserializer": "bytes"}
    source = app.topic(task.source, **raw)
    target = app.topic(task.target, value_serializer="bytes", key_serializer="bytes")
    app.dataframe(source).apply(work.done).to_topic(target)
    app.run()


if __name__ == "__main__":
    main()
