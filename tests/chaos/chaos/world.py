"""What a fault may touch."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from chaos.fleet import Fleet
from chaos.history import Violation
from chaos.observer import Observer
from chaos.pipeline import Step
from chaos.proxy import S3Proxy
from chaos.web import FickleWeb
from pixelprose.embedded import Stack

_OPERATOR_SECONDS = 20.0
_PAUSE_SECONDS = 0.2


class NotYet(Exception):
    """The broker has not done what it was asked for; it is asked again."""


@dataclass(slots=True)
class World:
    """One schedule's processes and servers; `broken` is what faults themselves saw go wrong."""

    stack: Stack
    fleet: Fleet
    store_proxy: S3Proxy
    sink_proxy: S3Proxy
    observer: Observer
    web: FickleWeb
    admin: AdminClient
    broken: list[Violation] = field(default_factory=list)

    def lose_positions(self, steps: Sequence[Step]) -> Callable[[], None]:
        """Delete the groups with their positions, and return the operator's way back.

        Their members must have left.
        """
        groups = [self.observer.group(step) for step in steps]
        saved: dict[str, Sequence[TopicPartition]] = {}
        self._patiently(lambda: saved.update({group: self._known(group) for group in groups}))
        self._patiently(lambda: self._delete(groups))
        return lambda: self._patiently(lambda: self._restore(saved))

    def _known(self, group: str) -> Sequence[TopicPartition]:
        """All positions of a group, retry topics' as well."""
        answer = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        known = answer[group].result().topic_partitions or []
        if not known or any(one.error is not None or one.offset < 0 for one in known):
            raise NotYet(f"a position of {group} can't be read yet")
        return [TopicPartition(one.topic, one.partition, one.offset) for one in known]

    def _restore(self, saved: Mapping[str, Sequence[TopicPartition]]) -> None:
        for group, lanes in saved.items():
            asked = ConsumerGroupTopicPartitions(group, list(lanes))
            self.admin.alter_consumer_group_offsets([asked])[group].result()
            if _offsets(self._known(group)) != _offsets(lanes):
                raise NotYet(f"positions of {group} were not taken")

    def _delete(self, groups: Sequence[str]) -> None:
        for future in self.admin.delete_consumer_groups(list(groups)).values():
            future.result()

    def _patiently(self, act: Callable[[], object]) -> None:
        """Act again until the broker agrees: members take their time to leave."""
        deadline = time.monotonic() + _OPERATOR_SECONDS
        while True:
            try:
                act()
            except (KafkaException, NotYet):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return


def _offsets(lanes: Sequence[TopicPartition]) -> dict[tuple[str, int], int]:
    return {(lane.topic, lane.partition): lane.offset for lane in lanes}
