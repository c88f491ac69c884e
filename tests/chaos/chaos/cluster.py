"""What an operator does on a cluster, each time in a process of its own.

An admin client aborts its process when a request times out while a broker goes away (librdkafka
#4605). Here brokers go away all the time, and only the question may be lost with them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pixelprose.kafkalog.settings import Configuration

_ASK_SECONDS = 10.0

T = TypeVar("T")

Lanes = Sequence[tuple[str, int, int]]
"""Topics, partitions and positions."""


class NotYet(Exception):
    """The broker has not done what it was asked for; it may be asked again."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One who may do anything on the cluster that `client` reaches.

    Every method raises NotYet when the broker does not answer, or refuses.
    """

    client: Configuration

    def positions(self, group: str) -> Lanes:
        """Return all positions of a group, retry topics' as well."""
        return apart(self.client, partial(_positions, group=group))

    def move(self, group: str, lanes: Lanes) -> None:
        """Put a group without members to these positions."""
        apart(self.client, partial(_move, group=group, lanes=lanes))

    def delete_groups(self, groups: Sequence[str]) -> None:
        """Delete groups with their positions; their members must have left."""
        apart(self.client, partial(_delete_groups, groups=groups))

    def delete_topics(self, prefix: str) -> None:
        """Delete all topics whose names begin so."""
        apart(self.client, partial(_delete_topics, prefix=prefix))


def apart(client: Configuration, act: Callable[[AdminClient], T]) -> T:
    """Do something as an admin client in a process of its own.

    Raises:
        NotYet: the broker did not answer, or refused, or the process died.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(_with_client, client, act).result()
        except BrokenProcessPool as error:
            raise NotYet("the admin client died") from error


def _with_client(client: Configuration, act: Callable[[AdminClient], T]) -> T:
    try:
        return act(AdminClient({**client, "log_level": 0}))
    except KafkaException as error:
        raise NotYet(str(error)) from None  # its own kind does not travel between processes


def _positions(admin: AdminClient, group: str) -> Lanes:
    # Else, of a transaction that ended just now, the positions before it may be told and restored.
    answer = admin.list_consumer_group_offsets(
        [ConsumerGroupTopicPartitions(group)], require_stable=True
    )
    known = answer[group].result(_ASK_SECONDS).topic_partitions or []
    if not known or any(one.error is not None or one.offset < 0 for one in known):
        raise NotYet(f"a position of {group} can't be read yet")
    return [(one.topic, one.partition, one.offset) for one in known]


def _move(admin: AdminClient, group: str, lanes: Lanes) -> None:
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*lane) for lane in lanes])
    admin.alter_consumer_group_offsets([asked])[group].result(_ASK_SECONDS)


def _delete_groups(admin: AdminClient, groups: Sequence[str]) -> None:
    for future in admin.delete_consumer_groups(list(groups)).values():
        future.result(_ASK_SECONDS)


def _delete_topics(admin: AdminClient, prefix: str) -> None:
    known = admin.list_topics(timeout=_ASK_SECONDS).topics
    names = [name for name in known if name.startswith(prefix)]
    for future in admin.delete_topics(names).values():
        future.result(_ASK_SECONDS)
