"""Topics, schemas and first positions."""

from pathlib import Path

from rich.console import Console

from pixelprose.cli.client_settings import client_settings
from pixelprose.records import Registry, topic_list
from pixelprose.records.topic_admin import initialise


def run_topics_init(
    config: Path | None, partitions: int | None, replication: int, console: Console
) -> None:
    """Create what is missing, and say what was."""
    settings = client_settings(config)
    listed = topic_list()
    if not settings.registry.is_embedded:
        registry = Registry(settings.registry)
        for topic in listed.topics:
            if topic.record:
                registry.register(topic.record)
    done = initialise(
        settings.kafka,
        instance=settings.instance,
        partitions=partitions or listed.partitions,
        replication=replication,
    )
    console.print(
        f"{len(done.created)} topics created, {len(done.positioned)} groups got first positions; "
        "what was there already is unchanged."
    )
