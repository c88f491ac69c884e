"""Transactions that nobody will end: found after an unclean stop, and ended as was decided.

A single node killed while transactions are open may, when it starts again, take a transaction for
finished whose marker a partition never got. Readers of committed records then stop there for ever.
A transaction hangs when its partition holds it open and no coordinator knows it any more; Kafka's
own ``kafka-transactions.sh find-hanging`` tells it so, too (KIP-664). That tool can only abort,
which would lose half of a commit; here the coordinators' log is asked what was decided, and a
committed transaction is committed, any other aborted.
"""

import logging
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from threading import Thread

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from pixelprose.embedded.transactions import BrokerTransactions, NotYet, OpenTransaction
from pixelprose.embedded.wire import Connection

LOOK_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0
_COORDINATORS = "__transaction_state"
_COMMITTED = {2, 4}  # prepare commit, complete commit
_ABORTED = {3, 5, 7}  # prepare abort, complete abort, prepare epoch fence
_STATE = struct.Struct(">hqhib")  # version, producer id, epoch, time-out, status

_LOG = logging.getLogger(__name__)


class HangingTransactions:
    """Looks at one broker, again and again, until all that was open at first has ended."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._watched: set[OpenTransaction] | None = None
        self._suspects: set[OpenTransaction] = set()

    def look(self) -> bool:
        """End what hangs; return whether anything of before is still open.

        A transaction must be found hanging in two looks: between the two questions of one look it
        may have ended properly.
        Raises OSError or KafkaException when the broker does not answer, NotYet when it can't say.
        """
        with Connection(self._servers, timeout_seconds=_TIMEOUT_SECONDS) as connection:
            partitions = _all_partitions(self._servers)
            broker = BrokerTransactions(connection)
            if _COORDINATORS in partitions:
                broker.check_coordinators(len(partitions[_COORDINATORS]))
            still = self._still_open(set(broker.open_in(partitions)))
            held = broker.held()
            hanging = {
                one for one in still if (one.producer_id, one.topic, one.partition) not in held
            }
            for one in hanging & self._suspects:
                self._end(broker, one)
            self._suspects = hanging
        return bool(still)

    def _still_open(self, found: set[OpenTransaction]) -> set[OpenTransaction]:
        if self._watched is None:
            self._watched = found
        self._watched = {one for one in found if one in self._watched}
        return self._watched

    def _end(self, broker: BrokerTransactions, one: OpenTransaction) -> None:
        if was_committed(self._servers, one):
            broker.commit(one)
            _LOG.warning("committed a transaction that hung: %s", one)
        else:
            broker.abort(one)
            _LOG.warning("aborted a transaction that hung: %s", one)


def _all_partitions(bootstrap_servers: str) -> Mapping[str, Sequence[int]]:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})
    topics = admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
    return {name: sorted(topic.partitions) for name, topic in topics.items()}


def was_committed(bootstrap_servers: str, one: OpenTransaction) -> bool:
    """Whether a coordinator had decided to commit; what it never decided was not committed."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "pixelprose-embedded",  # required by the client; never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        known = consumer.list_topics(_COORDINATORS, timeout=_TIMEOUT_SECONDS)
        lanes = [
            TopicPartition(_COORDINATORS, number, one.last_ms)
            for number in known.topics[_COORDINATORS].partitions
        ]
        consumer.assign(consumer.offsets_for_times(lanes, timeout=_TIMEOUT_SECONDS))
        return _first_decision(consumer, one, lanes=len(lanes))
    finally:
        consumer.close()


def _first_decision(consumer: Consumer, one: OpenTransaction, *, lanes: int) -> bool:
    while lanes:
        message = consumer.poll(_TIMEOUT_SECONDS)
        if message is None:
            raise NotYet("the coordinators' log can't be read")
        value = message.value()
        if message.error() is not None:
            lanes -= 1
        elif isinstance(value, bytes) and message.timestamp()[1] >= one.last_ms:
            _, producer_id, epoch, _, status = _STATE.unpack_from(value)
            # The decision itself raises the epoch by one (KIP-890), or leaves it.
            if producer_id == one.producer_id and epoch - one.epoch in {0, 1}:
                if status in _COMMITTED:
                    return True
                if status in _ABORTED:
                    return False
    return False


def end_hanging(bootstrap_servers: str, *, pause: Callable[[float], None] = time.sleep) -> None:
    """Look until nothing of before is open, or the broker is gone."""
    hanging = HangingTransactions(bootstrap_servers)
    while True:
        try:
            if not hanging.look():
                return
        except ConnectionRefusedError:
            return  # the broker is gone; its next start looks again
        except (NotYet, OSError, KafkaException) as error:
            _LOG.debug("asked again, because of %s", error)
        pause(LOOK_SECONDS)


def watch_hanging(bootstrap_servers: str) -> None:
    """`end_hanging` in a thread of its own."""
    Thread(
        target=end_hanging, args=(bootstrap_servers,), name="hanging-transactions", daemon=True
    ).start()
