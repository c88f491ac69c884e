"""`pixelprose up`: everything on this machine, until Ctrl-C."""

import signal
import time
from contextlib import ExitStack
from types import FrameType

from rich.console import Console, Group
from rich.live import Live

from pixelprose.cli.errors import CommandError
from pixelprose.cli.live import counts_table
from pixelprose.cli.local import (
    READY_SECONDS,
    LocalConfig,
    LocalServices,
    initialise_locally,
    partitions_for,
)
from pixelprose.cli.progress import fetch_jars, looking
from pixelprose.cli.supervisor import Supervisor
from pixelprose.cli.up_sections import UpOptions, sections_of, write_demo_hashes
from pixelprose.embedded import Stack, StackSettings, open_jars
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records.topic_admin import TopicsRefused

_PROFILE_READY_SECONDS = 1_800.0
"""vLLM compiles for minutes, and a large model is read for as long."""
_TICK_SECONDS = 0.5


def run_up(options: UpOptions, console: Console) -> None:
    """Start the stack and all services, show their counts, and stop them in order.

    Raises:
        WrongUsage: an option names nothing; nothing was started.
        CommandError: a model is missing; nothing was started.
        EmbeddedError, ServiceFailed, NotReady: what could not start, and why.
    """
    data = options.data
    sections = sections_of(options)
    data.mkdir(parents=True, exist_ok=True)
    write_demo_hashes(options)
    settings = StackSettings(data_dir=data / "data")
    jars = open_jars(settings.cache_dir)
    fetch_jars(jars, console)
    stopping = _until_asked()
    with ExitStack() as held:
        with looking(console, "Starting Kafka and the S3 server"):
            stack = held.enter_context(Stack(settings, jars=jars))
        kafka = KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers)
        _initialise(kafka, options)
        written = LocalConfig(stack, data, sections)
        file = written.write()
        console.print(
            f"Kafka at {stack.kafka.bootstrap_servers}, S3 at {stack.s3.access.endpoint}; "
            f"settings in {file}."
        )
        with Supervisor() as supervisor:
            services = LocalServices(supervisor, written, options.replicas)
            services.start()
            with looking(console, "Starting the services (they load their models)"):
                services.wait_ready(
                    seconds=_PROFILE_READY_SECONDS if options.profile else READY_SECONDS,
                    on_ready=lambda name: console.print(f"  {name} is ready"),
                    given_up=lambda: bool(stopping),
                )
            if not stopping:
                console.print(f"Submit with: pixelprose submit --config {file} FILE. Ctrl-C ends.")
            _show(services, stack, stopping, console)
            console.print("Stopping: work in flight is finished and committed.")


def _initialise(kafka: KafkaSettings, options: UpOptions) -> None:
    try:
        initialise_locally(kafka, partitions=partitions_for(options.replicas))
    except TopicsRefused as error:
        advice = "the number is fixed at creation: give --data a new folder, or the old --gpus"
        raise CommandError(f"{options.data}: {error}; {advice}") from error


def _show(services: LocalServices, stack: Stack, stopping: list[bool], console: Console) -> None:
    with Live(console=console, refresh_per_second=2) as live:
        while not stopping:
            stack.check()
            services.refresh()
            table = counts_table(services.counts.values(), services.supervisor.restarts())
            live.update(Group(table))
            time.sleep(_TICK_SECONDS)


def _until_asked() -> list[bool]:
    asked: list[bool] = []

    def stop(_signal: int, _frame: FrameType | None) -> None:
        asked.append(True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return asked
