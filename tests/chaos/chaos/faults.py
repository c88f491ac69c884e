"""Every fault: what is done, and undone. Each blocks until its end and returns its target."""

import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from chaos.fleet import Name, Replica, wait_end
from chaos.history import Violation
from chaos.pipeline import GROUPS, Step, steps_of
from chaos.proxy import BUSY, DISK_FULL, CutUploads, Mood, Pass, Reset, S3Proxy, Slow
from chaos.world import World
from pixelprose.streamkit import ExitCode

SESSION_SECONDS: Final = 3.0
"""The broker's session timeout of groups, as the chaos stack sets it."""

TRANSACTION_SECONDS: Final = 60.0
MOST_REPLICAS: Final = 3
_NOTICE_SECONDS: Final = 40.0
_FETCH_SECONDS: Final = 8.0
_READY_SECONDS: Final = 40.0

Inflict = Callable[[World, random.Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. `groups` says, from its target, who must recover from it."""

    inflict: Inflict
    groups: Callable[[str], tuple[Step, ...]]


def _of_target(target: str) -> tuple[Step, ...]:
    return steps_of(target.partition("/")[0])


def _all(_target: str) -> tuple[Step, ...]:
    return GROUPS


def kill(world: World, rng: random.Random) -> str:
    """Kill -9."""
    replica = _any(world, rng)
    replica.process.kill()
    return str(replica.name)


def terminate(world: World, rng: random.Random) -> str:
    """SIGTERM; it is started again."""
    replica = _any(world, rng)
    replica.process.terminate()
    return str(replica.name)


def stop(world: World, rng: random.Random) -> str:
    """SIGSTOP until the group has put it out, then SIGCONT."""
    return _stopped(_any(world, rng), seconds=SESSION_SECONDS + rng.uniform(1.0, 3.0))


def stop_long(world: World, rng: random.Random) -> str:
    """The same past the transaction timeout: the broker has aborted what it had open."""
    return _stopped(_any(world, rng), seconds=TRANSACTION_SECONDS + rng.uniform(3.0, 6.0))


def add(world: World, rng: random.Random) -> str:
    """One replica more, of any service."""
    counts = {step.service: len(world.fleet.of(step.service)) for step in GROUPS}
    service = rng.choice([name for name, number in counts.items() if number < MOST_REPLICAS])
    taken = {replica.name.slot for replica in world.fleet.of(service)}
    name = Name(service, min(set(range(MOST_REPLICAS)) - taken))
    world.fleet.add(name)
    return str(name)


def remove(world: World, rng: random.Random) -> str:
    """One replica less, cleanly, of a service that has several; else one more."""
    several = [
        r for r in world.fleet.all() if not r.held and len(world.fleet.of(r.name.service)) > 1
    ]
    if not several:
        return add(world, rng)
    name = rng.choice(several).name
    world.fleet.remove(name)
    return str(name)


def restart_broker(world: World, rng: random.Random) -> str:
    """A clean stop, some time, and a start on the same ports."""
    world.stack.kafka.stop()
    time.sleep(rng.uniform(0.0, 1.5))
    world.stack.kafka.start()
    return "kafka"


def kill_broker(world: World, rng: random.Random) -> str:
    """Kill -9 of the broker, and a start on the same ports."""
    world.stack.kafka.kill()
    time.sleep(rng.uniform(0.0, 1.5))
    world.stack.kafka.start()
    return "kafka"


def kill_store(world: World, rng: random.Random) -> str:
    """Kill -9 of the S3 server, and a start on the same port."""
    world.stack.s3.kill()
    time.sleep(rng.uniform(0.0, 2.0))
    world.stack.s3.start()
    return "s3"


def slow_store(world: World, rng: random.Random) -> str:
    """Each request waits."""
    return _moody(world, Slow(rng.uniform(0.3, 1.0)), seconds=rng.uniform(2.0, 4.0))


def busy_store(world: World, rng: random.Random) -> str:
    """Each request is answered 503."""
    return _moody(world, BUSY, seconds=rng.uniform(1.5, 4.0))


def reset_store(world: World, rng: random.Random) -> str:
    """Each connection is reset."""
    return _moody(world, Reset(), seconds=rng.uniform(1.5, 4.0))


def cut_uploads(world: World, rng: random.Random) -> str:
    """Uploads break half way."""
    return _moody(world, CutUploads(), seconds=rng.uniform(1.5, 4.0))


def fill_disk(world: World, rng: random.Random) -> str:
    """The sink's store takes nothing more, then has room again."""
    _in_mood(world.sink_proxy, DISK_FULL, seconds=rng.uniform(2.0, 5.0))
    return "sink"


def change_web(world: World, rng: random.Random) -> str:  # noqa: ARG001 - as every fault
    """Kill every ingester when a URL has answered that will answer otherwise the next time.

    But for one that another fault has stopped: it would not be stopped for as long as it should.
    """
    before, deadline = world.web.fickle(), time.monotonic() + _FETCH_SECONDS
    while world.web.fickle() == before and time.monotonic() < deadline:
        time.sleep(0.005)
    for replica in world.fleet.of("ingester"):
        if not replica.held:
            replica.process.kill()
    return "ingester"


def doubled_identity(world: World, rng: random.Random) -> str:
    """A second process with the identity of a first: the older must end as fenced.

    It learns of it with its next commit. One that has nothing to commit learns nothing, and may
    drain.
    """
    replica = _any(world, rng)
    replica.wanted = False
    newer, older = world.fleet.spawn(replica.name), replica.process
    code, allowed = wait_end(older, seconds=_NOTICE_SECONDS), {ExitCode.FENCED}
    if code is None:
        older.terminate()
        code, allowed = (
            wait_end(older, seconds=_NOTICE_SECONDS),
            {ExitCode.FENCED, ExitCode.DRAINED},
        )
    if code not in allowed:
        world.broken.append(
            Violation("not_fenced", f"the older {replica.name} ended with {code}, not 70")
        )
    world.fleet.adopt(replica.name, newer)
    return str(replica.name)


def idle_week(world: World, rng: random.Random) -> str:
    """The group's positions expire while it is stopped; it must refuse until they are restored."""
    free = {r.name.service for r in world.fleet.all()} - {
        r.name.service for r in world.fleet.all() if r.held
    }
    service = rng.choice(sorted(free))
    names = [replica.name for replica in world.fleet.of(service)]
    for name in names:
        world.fleet.remove(name)
    restore = world.lose_positions(steps_of(service))
    code = wait_end(trial := world.fleet.spawn(names[0]), seconds=_NOTICE_SECONDS)
    if code != ExitCode.POSITION_LOST:
        world.broken.append(Violation("guessed", f"{names[0]} ended with {code}, not 74"))
        trial.kill()
        trial.wait()
    restore()
    for name in names:
        world.fleet.add(name)
    return service


KINDS: Final[Mapping[str, Kind]] = {
    "kill": Kind(kill, _of_target),
    "terminate": Kind(terminate, _of_target),
    "stop": Kind(stop, _of_target),
    "add": Kind(add, _of_target),
    "remove": Kind(remove, _of_target),
    "broker_restart": Kind(restart_broker, _all),
    "broker_kill": Kind(kill_broker, _all),
    "store_kill": Kind(kill_store, _all),
    "store_slow": Kind(slow_store, _all),
    "store_503": Kind(busy_store, _all),
    "store_reset": Kind(reset_store, _all),
    "store_cut": Kind(cut_uploads, _all),
    "disk_full": Kind(fill_disk, _of_target),
    "web_changed": Kind(change_web, _of_target),
    "doubled_identity": Kind(doubled_identity, _of_target),
    "idle_week": Kind(idle_week, _of_target),
}
LONG: Final = {"stop_long": Kind(stop_long, _of_target)}
OFTEN: Final = ("kill", "kill", "stop", "stop", "terminate")


def _any(world: World, rng: random.Random) -> Replica:
    # Services first, so that those with one replica are met as often as the others; but not one
    # whose only replica another fault has stopped.
    free = {r.name.service for r in world.fleet.all() if not r.held}
    service = rng.choice(sorted(free))
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        ready = [r for r in world.fleet.of(service) if not r.held and world.fleet.ready(r)]
        if ready:
            return rng.choice(ready)
        time.sleep(0.1)
    raise RuntimeError(f"no replica of {service} became ready")


def _stopped(replica: Replica, *, seconds: float) -> str:
    process = replica.process
    replica.held = True
    process.send_signal(signal.SIGSTOP)
    wait_end(process, seconds=seconds)
    process.send_signal(signal.SIGCONT)
    replica.held = False
    return str(replica.name)


def _moody(world: World, mood: Mood, *, seconds: float) -> str:
    world.store_proxy.mood = world.sink_proxy.mood = mood
    time.sleep(seconds)
    world.store_proxy.mood = world.sink_proxy.mood = Pass()
    return "s3"


def _in_mood(proxy: S3Proxy, mood: Mood, *, seconds: float) -> None:
    proxy.mood = mood
    time.sleep(seconds)
    proxy.mood = Pass()
