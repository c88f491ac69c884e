"""`pixelprose up`: everything on this machine, until Ctrl-C."""

import signal
import time
from pathlib import Path
from types import FrameType

import yaml
from rich.console import Console, Group
from rich.live import Live

from pixelprose.cli.demo_config import Sections, sections, write_known_hashes
from pixelprose.cli.errors import CommandError
from pixelprose.cli.live import counts_table
from pixelprose.cli.local import LocalConfig, LocalServices, initialise_locally
from pixelprose.cli.progress import fetch_jars
from pixelprose.cli.scenario import known_seeds
from pixelprose.cli.supervisor import Supervisor
from pixelprose.embedded import Stack, StackSettings, open_jars
from pixelprose.kafkalog import KafkaSettings

_READY_SECONDS = 180.0
_TICK_SECONDS = 0.5


def run_up(data: Path, config: Path | None, console: Console) -> None:
    """Start the stack and all services, show their counts, and stop them in order.

    Raises:
        EmbeddedError, ServiceFailed, NotReady: what could not start, and why.
    """
    data.mkdir(parents=True, exist_ok=True)
    settings = StackSettings(data_dir=data / "data")
    jars = open_jars(settings.cache_dir)
    fetch_jars(jars, console)
    stopping = _until_asked()
    with Stack(settings, jars=jars) as stack:
        kafka = KafkaSettings(bootstrap_servers=stack.kafka.bootstrap_servers)
        initialise_locally(kafka)
        written = LocalConfig(stack, data, _sections(data, config))
        file = written.write()
        console.print(
            f"Kafka at {stack.kafka.bootstrap_servers}, S3 at {stack.s3.access.endpoint}; "
            f"settings in {file}."
        )
        with Supervisor() as supervisor:
            services = LocalServices(supervisor, written)
            services.start()
            services.wait_ready(
                seconds=_READY_SECONDS, on_ready=lambda name: console.print(f"  {name} is ready")
            )
            console.print(f"Submit with: pixelprose submit --config {file} FILE. Ctrl-C ends.")
            _show(services, stack, stopping, console)
            console.print("Stopping: work in flight is finished and committed.")


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


def _sections(data: Path, config: Path | None) -> Sections:
    hashes = write_known_hashes(data / "known-hashes.csv", known_seeds(known=3, seed=1))
    return section_overrides(sections(hashes), config) if config else sections(hashes)


def section_overrides(defaults: Sections, config: Path) -> Sections:
    """Return the sections of services with the file's settings put over them.

    Raises:
        CommandError: the file has a section that is no service's.
    """
    given: Sections = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    if unknown := sorted(set(given) - set(defaults)):
        raise CommandError(f"{config}: `up` sets {unknown} itself; give sections of services alone")
    return {name: {**section, **given.get(name, {})} for name, section in defaults.items()}
