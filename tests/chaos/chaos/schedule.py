"""One schedule: services up, submissions and faults, then peace, and the evidence."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from chaos.canary.code import is_unsafe, seed_in
from chaos.check import check
from chaos.cluster import NotYet, Operator
from chaos.feeder import Feeder
from chaos.fleet import Fleet
from chaos.history import Fault, History, Violation
from chaos.nemesis import Nemesis, chosen
from chaos.observer import Observer
from chaos.pipeline import AT_FIRST, CANARY, CAPTIONS, GROUPS, PARTITIONS, REAL, REJECTED
from chaos.plan import plan
from chaos.positions import Positions
from chaos.proxy import S3Proxy
from chaos.scenes import served
from chaos.settings import Run, write_config
from chaos.store_view import StoreView
from chaos.topics_view import TopicsReader, TopicsView
from chaos.web import FickleWeb
from chaos.world import World
from pixelprose.cli.demo_config import write_known_hashes
from pixelprose.demoworld import Site
from pixelprose.embedded import Stack
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records.topic_admin import initialise
from pixelprose.streamkit import ExitCode

_HERE: Final = Path(__file__).parents[1]
_READY_SECONDS: Final = 180.0
_KNOWN_SCENE: Final = 17_000_000_000
"""On the known-hash list, and never submitted: the list must not be empty."""

_EXPECTED_EXITS: Final = frozenset(
    {
        -9,  # killed, by us
        -15,  # SIGTERM before Python had come to taking it
        ExitCode.DRAINED,
        ExitCode.UNAVAILABLE,
        ExitCode.FENCED,
        ExitCode.CLIENT_BROKEN,
        ExitCode.HUNG,  # a client's call did not return, and the watchdog noticed
        ExitCode.POSITION_LOST,
        ExitCode.DRAIN_TIMED_OUT,
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a schedule."""

    seed: int
    seconds: float
    submissions: int
    rows: int
    rejections: int
    faults: tuple[Fault, ...]
    violations: tuple[Violation, ...]
    samples: int
    positions_checked: int
    exits: dict[str, int]


def run_schedule(run: Run, stack: Stack, *, seed: int, folder: Path) -> Result:
    """Run one schedule on a stack that stays."""
    began = time.monotonic()
    folder.mkdir(parents=True)
    with _schedule(run, stack, seed=seed, folder=folder) as (world, feeder):
        nemesis = _storm(run, world, feeder, seed=seed)
        lagging = _settle(world, seconds=run.settle_seconds)
    history = _history(run, world, feeder, lagging)
    binding = seed_in if run.models == "canary" else None
    violations = [*world.broken, *check(history, binding=binding), *_strange_exits(world.fleet)]
    result = Result(
        seed=seed,
        seconds=time.monotonic() - began,
        submissions=len(history.planned),
        rows=len(history.rows),
        rejections=len(history.rejections),
        faults=tuple(nemesis.faults),
        violations=tuple(violations),
        samples=world.observer.samples,
        positions_checked=world.observer.checked,
        exits={f"{who}:{code}": n for (who, code), n in sorted(world.fleet.exits.items())},
    )
    world.observer.close()
    if not violations:
        _tidy(world)
    return result


@contextmanager
def _schedule(run: Run, stack: Stack, *, seed: int, folder: Path) -> Iterator[tuple[World, Feeder]]:
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
        asked = Positions(kafka.client(), prefix=prefix, steps=GROUPS, partitions=PARTITIONS)
        observer = Observer(asked, reader, view, StoreView(access, bucket), prefix)
        closing.callback(fleet.stop)
        world = World(stack, fleet, store, sink, observer, web, Operator(kafka.client()))
        closing.enter_context(_beside(fleet.keep))
        _start(fleet)
        closing.enter_context(_beside(observer.watch))
        yield world, feeder


def _start(fleet: Fleet) -> None:
    for name in AT_FIRST:
        fleet.add(name)
    deadline = time.monotonic() + _READY_SECONDS
    while not all(fleet.ready(replica) for replica in fleet.all()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"services are not ready; see {fleet.logs}")
        time.sleep(0.2)


def _storm(run: Run, world: World, feeder: Feeder, *, seed: int) -> Nemesis:
    feeding = threading.Thread(target=feeder.run, name="feeder")
    feeding.start()
    nemesis = Nemesis(world, random.Random(seed), feeding.is_alive)
    kinds = chosen(seed, faults=run.faults)
    try:
        nemesis.run(kinds, stop_long=seed % run.long_stop_every == 0)
    finally:
        feeder.hurry.set()
        feeding.join()
    return nemesis


def _settle(world: World, *, seconds: float) -> list[str]:
    """Wait until all have ended; return the groups that are not at their topic's end in time."""
    deadline = time.monotonic() + seconds
    began = time.monotonic()
    waiting = ["no sample was taken"]
    while time.monotonic() < deadline:
        sample = world.observer.latest()
        if sample is not None and sample.at > began:
            waiting = [
                f"{step.name} waits at {lanes}"
                for step in GROUPS
                if (lanes := sample.waiting(step))
            ]
            if not waiting and _all_ended(world):
                return []
        time.sleep(0.2)
    return waiting  # none where all is read and a submission has not ended: it is lost


def _all_ended(world: World) -> bool:
    view = world.observer.view
    ended = {who for who, _ in view.outputs[CAPTIONS].keys() | view.outputs[REJECTED].keys()}
    ended |= {one.who[0] for one in view.dead_letters}
    return set(view.submissions.values()) <= ended


def _history(run: Run, world: World, feeder: Feeder, lagging: list[str]) -> History:
    observer = world.observer
    # The services have ended: what is to be read now is all there will ever be.
    observer.finish(seconds=run.settle_seconds)
    view, scenes = observer.view, served(feeder.planned)
    # What the demo's model calls unsafe is its own affair; what the canary does is known.
    judged = scenes if run.models == "canary" else []
    return History(
        planned=feeder.by_submission(),
        address=feeder.address,
        scenes={one.sha256: one.scene for one in scenes},
        md5s={one.sha256: one.md5 for one in scenes},
        unsafe=frozenset(one.scene for one in judged if is_unsafe(one.scene)),
        fetched=tuple(view.fetched),
        screened=tuple(view.screened),
        captions=tuple(view.captions),
        rejections=tuple(view.rejections),
        dead_letters=tuple(view.dead_letters),
        rows=observer.store.captions(),
        rejection_rows=observer.store.rejections(),
        annotated=tuple(view.annotated),
        image_rows=observer.store.images(),
        stored=observer.store.stored(),
        ahead=tuple(observer.ahead),
        lagging=lagging,
    )


def _strange_exits(fleet: Fleet) -> list[Violation]:
    return [
        Violation("exit", f"{service} ended {times} times with {code}")
        for (service, code), times in fleet.exits.items()
        if code not in _EXPECTED_EXITS
    ]


def _tidy(world: World) -> None:
    world.operator.delete_topics(world.observer.prefix)
    with suppress(NotYet):  # a group that has not seen all its members leave goes later
        world.operator.delete_groups([world.observer.group(step) for step in GROUPS])
    world.observer.store.remove()


@contextmanager
def _beside(work: Callable[[threading.Event], None]) -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=work, args=(stopping,))
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
