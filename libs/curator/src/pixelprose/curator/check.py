"""All checks of the tables, one after another."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from pixelprose.curator.absences import Place, absence, dead_places, topic_name
from pixelprose.curator.blocked import Blocked, blocked
from pixelprose.curator.check_files import check_files
from pixelprose.curator.check_history import (
    check_complete,
    check_monotone,
    lanes_of_topic,
    why_in_doubt,
)
from pixelprose.curator.check_letters import check_letters
from pixelprose.curator.check_owners import check_owners
from pixelprose.curator.check_rows import check_positions, check_row_ids
from pixelprose.curator.check_topic import check_topic
from pixelprose.curator.errors import LakeError
from pixelprose.curator.finding import Finding, State, failed, skipped
from pixelprose.curator.history import Commit, history
from pixelprose.curator.lake import LakeTable
from pixelprose.curator.offsets import offsets
from pixelprose.curator.topic import Topic
from pixelprose.kafkalog import KafkaSettings
from pixelprose.records import RegistrySettings

SETTLED = timedelta(hours=24)
"""How old a duplicate's rejection must be before its owner is missed: owners may wait in queues."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the topics are."""

    kafka: KafkaSettings
    registry: RegistrySettings


def check_tables(
    tables: Sequence[LakeTable], *, ends: Sequence[LakeTable], broker: Broker | None, now: datetime
) -> Iterator[Finding]:
    """Yield what each check of each table found, as soon as it is known.

    Args:
        tables: what to check.
        ends: all tables that submissions end in, for the owners of duplicates.
        broker: None leaves the comparison with the topics out.
        now: the time.
    """
    for table in tables:
        yield (files := check_files(table))
        if files.state is State.FAILED:
            # The engine aborts on torn files; what is in the others proves nothing.
            yield skipped("rows", table.name, "not read while files are missing or torn")
            continue
        yield from _check(table, ends, broker)
        if table.name == "rejections":
            yield _guarded("owners", table, partial(_owners, ends=ends, broker=broker, now=now))


def _check(table: LakeTable, ends: Sequence[LakeTable], broker: Broker | None) -> Iterator[Finding]:
    commits = history(table)
    yield _guarded("row ids", table, check_row_ids)
    yield _guarded("positions", table, check_positions)
    yield check_monotone(table.name, commits)
    if table.name == "dead_letters":
        kafka = broker.kafka if broker else None
        yield from _guarded_each("complete", table, partial(check_letters, commits, kafka))
        return
    lane_of = lanes_of_topic(topic_name(table.name))
    yield _guarded(
        "complete", table, lambda it: check_complete(it.name, commits, offsets(it), lane_of)
    )
    if broker is not None:
        compare = partial(_against_topic, commits=commits, ends=ends, broker=broker)
        yield _guarded("topic", table, compare)


def _against_topic(
    table: LakeTable, commits: Sequence[Commit], ends: Sequence[LakeTable], broker: Broker
) -> Finding:
    logical = topic_name(table.name)
    if doubt := why_in_doubt(commits, lanes_of_topic(logical)):
        return skipped("topic", table.name, doubt)
    topic = Topic(broker.kafka, logical)
    letters = next((end for end in ends if end.name == "dead_letters"), None)
    dead = dead_places(letters, logical) if letters else frozenset[Place]()
    explain = absence(table.name, broker.registry, dead)
    return check_topic(table, commits, offsets(table), topic, explain)


def _owners(
    table: LakeTable, ends: Sequence[LakeTable], broker: Broker | None, now: datetime
) -> Finding:
    def ask() -> Blocked | None:
        if broker is None:
            return None
        return blocked(Topic(broker.kafka, topic_name(table.name)), broker.registry)

    return check_owners(table, ends, before=now - SETTLED, blocked=ask)


def _guarded_each(
    check: str, table: LakeTable, run: Callable[[LakeTable], Iterator[Finding]]
) -> Iterator[Finding]:
    try:
        yield from run(table)
    except LakeError as error:
        yield failed(check, table.name, str(error))


def _guarded(check: str, table: LakeTable, run: Callable[[LakeTable], Finding]) -> Finding:
    """What can't be checked has failed: a store that goes away proves nothing."""
    try:
        return run(table)
    except LakeError as error:
        return failed(check, table.name, str(error))
