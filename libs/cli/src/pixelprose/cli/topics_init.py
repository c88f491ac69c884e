"""Topics, schemas and first positions."""

from pathlib import Path

from rich.console import Console

from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import client_settings
from pixelprose.cli.printing import print_json
from pixelprose.cli.progress import aside, looking
from pixelprose.kafkalog import cluster_id
from pixelprose.records import Registry, topic_list
from pixelprose.records.counted import counted
from pixelprose.records.topic_admin import Initialised, initialise


def run_topics_init(
    config: Path | None,
    partitions: int | None,
    replication: int,
    console: Console,
    *,
    output: Output = Output.TEXT,
) -> None:
    """Create what is missing, and say what was."""
    with looking(aside(output, console), "Creating topics and positions"):
        done = _initialised(config, partitions, replication)
    if output is Output.JSON:
        print_json(done)
    else:
        console.print(
            f"{counted(len(done.created), 'topic')} created, first positions for "
            f"{counted(len(done.positioned), 'group')}; what was there already is unchanged."
        )
        if done.raised:
            names = ", ".join(done.raised)
            console.print(f"{counted(len(done.raised), 'topic')} took too small records: {names}.")
            console.print("Their limits are raised; nothing else of them is changed.")


def _initialised(config: Path | None, partitions: int | None, replication: int) -> Initialised:
    settings = client_settings(config)
    cluster_id(settings.kafka)  # says best that there is none
    listed = topic_list()
    if not settings.registry.is_embedded:
        registry = Registry(settings.registry)
        for topic in listed.topics:
            if topic.record:
                registry.register(topic.record)
    return initialise(
        settings.kafka,
        instance=settings.instance,
        partitions=partitions or listed.partitions,
        replication=replication,
    )
