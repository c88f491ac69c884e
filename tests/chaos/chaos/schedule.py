"""One schedule: services up, submissions and faults, then peace, and the evidence."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from chaos.canary.code import is_unsafe, seed_in
from chaos.check import check
from chaos.cluster import NotYet
from chaos.feeder import Feeder
from chaos.fleet import Fleet
from chaos.history import History, Violation
from chaos.nemesis import Nemesis, beside_of, chosen
from chaos.opening import opened
from chaos.pipeline import CAPTIONS, GROUPS, REJECTED, SUBMITTED, WATCHED
from chaos.result import Result
from chaos.scenes import served
from chaos.settings import Run
from chaos.world import World
from pixelprose.embedded import Stack
from pixelprose.streamkit import ExitCode

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
_WAITS: Final = '"event": "waiting"'


def run_schedule(run: Run, stack: Stack, *, seed: int, folder: Path) -> Result:
    """Run one schedule on a stack that stays."""
    began = time.monotonic()
    folder.mkdir(parents=True)
    with ExitStack() as reading:
        with opened(run, stack, reading, seed=seed, folder=folder) as (world, feeder):
            nemesis = _storm(run, world, feeder, seed=seed)
            lagging = _settle(world, seconds=run.settle_seconds)
            lives = world.lives.settled()
        history = _history(run, world, feeder, nemesis, lagging)
    binding = seed_in if run.models == "canary" else None
    violations = [*world.broken, *check(history, binding=binding), *_strange_exits(world.fleet)]
    result = Result(
        seed=seed,
        seconds=time.monotonic() - began,
        submissions=len(history.planned),
        rows=len(history.rows),
        rejections=len(history.rejections),
        faults=nemesis.faults(),
        violations=tuple(violations),
        samples=world.observer.samples,
        positions_checked=world.observer.checked,
        exits={f"{who}:{code}": n for (who, code), n in sorted(world.fleet.exits.items())},
        lives=lives,
        urls_changed=world.web.changed(),
        put_off=len(history.put_off),
        held_back=held_back(folder),
    )
    if not violations:
        _tidy(world)
    return result


def _storm(run: Run, world: World, feeder: Feeder, *, seed: int) -> Nemesis:
    nemesis = Nemesis(world, random.Random(seed), lambda: feeder.ended)
    kinds, others = (
        chosen(seed, faults=run.faults),
        beside_of(seed, long_stop_every=run.long_stop_every),
    )
    with ThreadPoolExecutor(1) as threads:
        feeding = threads.submit(feeder.run)
        try:
            nemesis.run(kinds, beside=others)
        finally:
            feeder.hurry.set()
        feeding.result()
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
                for step in WATCHED
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


def _history(
    run: Run, world: World, feeder: Feeder, nemesis: Nemesis, lagging: list[str]
) -> History:
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
        deliveries={
            who: len(at) for (topic, who), at in view.deliveries.items() if topic == SUBMITTED
        },
        put_off=tuple(view.put_off),
        stored=observer.store.stored(),
        store_kills=sum(one.kind == "store_kill" for one in nemesis.inflicted),
        ahead=tuple(observer.ahead),
        lagging=lagging,
    )


def _strange_exits(fleet: Fleet) -> list[Violation]:
    return [
        Violation("exit", f"{service} ended {times} times with {code}")
        for (service, code), times in fleet.exits.items()
        if code not in _EXPECTED_EXITS
    ]


def held_back(folder: Path) -> int:
    """How often the logs say that a service began to wait for those that read its outputs."""
    return sum(log.read_text(encoding="utf-8").count(_WAITS) for log in folder.glob("*.log"))


def _tidy(world: World) -> None:
    with suppress(NotYet):
        world.operator.delete_topics(world.observer.prefix)
    with suppress(NotYet):  # a group that has not seen all its members leave goes later
        world.operator.delete_groups([world.observer.group(step) for step in GROUPS])
    world.observer.store.remove()
