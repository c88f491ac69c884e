"""A schedule's world: a web, proxies, the services as processes, and who looks at them."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from chaos.beside import beside
from chaos.cluster import Operator
from chaos.feeder import Feeder
from chaos.fleet import Fleet
from chaos.observer import Observer
from chaos.pipeline import AT_FIRST, CANARY, PARTITIONS, REAL, WATCHED
from chaos.plan import plan
from chaos.positions import Positions
from chaos.proxy import S3Proxy
from chaos.settings import Run, write_config
from chaos.store_view import StoreView
from chaos.topics_view import TopicsReader, TopicsView
from chaos.usage import Lives
from chaos.web import FickleWeb
from chaos.world import World
from pixelprose.cli.demo_config import write_known_hashes
from pixelprose.demoworld import Site
from pixelprose.embedded import Stack
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records.topic_admin import initialise

_HERE: Final = Path(__file__).parents[1]
_READY_SECONDS: Final = 180.0
_KNOWN_SCENE: Final = 17_000_000_000
"""On the known-hash list, and never submitted: the list must not be empty."""


@contextmanager
def opened(
    run: Run, stack: Stack, reading: ExitStack, *, seed: int, folder: Path
) -> Iterator[tuple[World, Feeder]]:
    """The services run in the context; who looks at them may go on until `reading` is closed."""
    # Beside the seed, what makes names unique on a stack that outlives a schedule.
    prefix, bucket = f"chaos{seed}.", f"chaos-{seed}"
    servers, access = stack.kafka.bootstrap_servers, stack.s3.access
    kafka = KafkaSettings(bootstrap_servers=servers, topic_prefix=prefix)
    initialise(kafka, instance="live", partitions=PARTITIONS, replication=1)
    web, port = FickleWeb(), urlsplit(access.endpoint).port or 0
    with ExitStack() as closing:
        site = closing.enter_context(Site(answering=web))
        store, sink = (closing.enter_context(S3Proxy(port)) for _ in range(2))
        known = write_known_hashes(folder / "known-hashes.csv", [_KNOWN_SCENE])
        configs = {
            name: write_config(
                folder / f"{name}.yaml",
                servers=servers,
                prefix=prefix,
                access=access,
                store=proxy.endpoint,
                bucket=bucket,
                known=known,
            )
            for name, proxy in (("services", store), ("sink", sink))
        }
        fleet = Fleet(
            CANARY if run.models == "canary" else REAL,
            configs={"sink": configs["sink"]},
            config=configs["services"],
            logs=folder,
            python_path=_HERE,
        )
        planned = plan(seed, submissions=run.submissions)
        feeder = Feeder(kafka, planned, site.address, run.feed_seconds)
        view = TopicsView(feeder.submissions)
        reader = TopicsReader(kafka.client(), prefix=prefix, partitions=PARTITIONS)
        asked = Positions(kafka.client(), prefix=prefix, steps=WATCHED, partitions=PARTITIONS)
        observer = Observer(asked, reader, view, StoreView(access, bucket), prefix)
        reading.callback(observer.close)
        closing.callback(fleet.stop)
        lives = Lives(fleet)
        world = World(stack, fleet, store, sink, observer, web, Operator(kafka.client()), lives)
        closing.enter_context(beside(fleet.keep))
        _start(fleet)
        closing.enter_context(beside(observer.watch))
        closing.enter_context(beside(lives.watch))
        yield world, feeder


def _start(fleet: Fleet) -> None:
    for name in AT_FIRST:
        fleet.add(name)
    deadline = time.monotonic() + _READY_SECONDS
    while not all(fleet.ready(replica) for replica in fleet.all()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"services are not ready; see {fleet.logs}")
        time.sleep(0.2)
