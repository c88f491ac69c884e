"""What a broker knows about transactions: those open in partitions, those of its coordinators.

The requests are those of KIP-664 (DescribeProducers, ListTransactions, DescribeTransactions) and
WriteTxnMarkers, by which a coordinator ends a transaction in a partition.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from pixelprose.embedded.wire import Connection, Reader, Writer

_DESCRIBE_PRODUCERS = (61, 0)
_DESCRIBE_TRANSACTIONS = (65, 0)
_LIST_TRANSACTIONS = (66, 0)
_WRITE_MARKERS = (27, 1)

_UNKNOWN_ID = 105
"""TRANSACTIONAL_ID_NOT_FOUND."""


class NotYet(Exception):
    """A coordinator or a partition is still being loaded: nothing can be said."""


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """One that a partition holds open. `last_ms` is the time of its producer's last record."""

    topic: str
    partition: int
    producer_id: int
    epoch: int
    start_offset: int
    coordinator_epoch: int = field(compare=False)
    last_ms: int = field(compare=False)


Held = tuple[int, str, int]
"""Producer id, topic, partition: what a coordinator still has to end."""


class BrokerTransactions:
    """Asks the one broker of a cluster."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open_in(self, partitions: Mapping[str, Sequence[int]]) -> list[OpenTransaction]:
        """The transactions that these partitions hold open. Raises NotYet."""
        body = Writer()
        body.array(list(partitions.items()), lambda one: _topic(body, *one)).tags()
        answer = self._connection.ask(*_DESCRIBE_PRODUCERS, body.built())
        answer.number("i")
        found: list[OpenTransaction] = []
        answer.array(lambda: _producers_of_topic(answer, found))
        return found

    def held(self) -> set[Held]:
        """What the coordinators know to be open and will end themselves. Raises NotYet."""
        answer = self._connection.ask(
            *_LIST_TRANSACTIONS,
            Writer().array((), lambda _: None).array((), lambda _: None).tags().built(),
        )
        answer.number("i")
        _check(answer.number("h"))
        answer.array(answer.text)
        ids = answer.array(lambda: _transactional_id(answer))
        found: set[Held] = set()
        self._describe(ids, found)
        return found

    def check_coordinators(self, count: int) -> None:
        """Return when all ``count`` coordinators are loaded. Raises NotYet."""
        # Java's hash of one character is its code: these ids fall on all of them.
        self._describe([chr(0x100 + number) for number in range(count)], set())

    def commit(self, one: OpenTransaction) -> None:
        """Write the marker that its partition misses. Raises NotYet when it is refused."""
        self._mark(one, 1)

    def abort(self, one: OpenTransaction) -> None:
        """Write the marker that its partition misses. Raises NotYet when it is refused."""
        self._mark(one, 0)

    def _mark(self, one: OpenTransaction, result: int) -> None:
        body = Writer()

        def marker(_: object) -> None:
            body.number("q", one.producer_id).number("h", one.epoch).number("b", result)
            body.array([one.topic], lambda topic: _topic(body, topic, [one.partition]))
            body.number("i", max(0, one.coordinator_epoch)).tags()

        body.array([one], marker).tags()
        answer = self._connection.ask(*_WRITE_MARKERS, body.built())
        answer.array(lambda: _marked(answer))

    def _describe(self, ids: Collection[str], found: set[Held]) -> None:
        body = Writer()
        body.array(list(ids), body.text).tags()
        answer = self._connection.ask(*_DESCRIBE_TRANSACTIONS, body.built())
        answer.number("i")
        answer.array(lambda: _described(answer, found))


def _topic(body: Writer, name: str, partitions: Sequence[int]) -> None:
    body.text(name).array(partitions, lambda number: body.number("i", number)).tags()


def _check(error: int) -> None:
    if error not in {0, _UNKNOWN_ID}:
        raise NotYet(f"the broker answers with error {error}")


def _producers_of_topic(answer: Reader, found: list[OpenTransaction]) -> None:
    topic = answer.text()

    def partition() -> None:
        number = answer.number("i")
        _check(answer.number("h"))
        answer.text()
        found.extend(
            one
            for one in answer.array(lambda: _producer(answer, topic, number))
            if one.start_offset >= 0
        )
        answer.tags()

    answer.array(partition)
    answer.tags()


def _producer(answer: Reader, topic: str, partition: int) -> OpenTransaction:
    producer_id, epoch = answer.number("q"), answer.number("i")
    answer.number("i")
    last_ms, coordinator_epoch = answer.number("q"), answer.number("i")
    start_offset = answer.number("q")
    answer.tags()
    return OpenTransaction(
        topic, partition, producer_id, epoch, start_offset, coordinator_epoch, last_ms
    )


def _transactional_id(answer: Reader) -> str:
    name = answer.text()
    answer.number("q")
    answer.text()
    answer.tags()
    return name


def _described(answer: Reader, found: set[Held]) -> None:
    _check(answer.number("h"))
    answer.text()
    answer.text()
    for form in "iq":
        answer.number(form)
    producer_id = answer.number("q")
    answer.number("h")

    def topic() -> None:
        name = answer.text()
        numbers = answer.array(lambda: answer.number("i"))
        found.update((producer_id, name, number) for number in numbers)
        answer.tags()

    answer.array(topic)
    answer.tags()


def _marked(answer: Reader) -> None:
    answer.number("q")

    def partition() -> None:
        answer.number("i")
        _check(answer.number("h"))
        answer.tags()

    def topic() -> None:
        answer.text()
        answer.array(partition)
        answer.tags()

    answer.array(topic)
    answer.tags()
