"""One Kafka transaction per commit: outputs and positions, all or nothing."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka import Message as KafkaMessage
from confluent_kafka import TopicPartition as KafkaPartition

from pixelprose.kafkalog.errors import Action, action_for, error_of, stop_for
from pixelprose.streamkit.errors import OutputTooLarge, Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import Outgoing

CALL_SECONDS = 10.0
"""How long one call to the coordinator may take before it is repeated."""

REPEAT_SECONDS = 0.1
"""Wait before a call is repeated."""


class Transactions:
    """The transactions of one producer, one at a time.

    `physical` gives a topic's name on the broker.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        physical: Callable[[str], str],
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._producer = producer
        self._physical = physical
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._sleep = sleep
        self._refused: dict[int, KafkaError] = {}

    def open(self) -> None:
        """Take over the transactional id: a predecessor's open transaction is aborted.

        Raises:
            Stop: the coordinator does not answer, or refuses us.
        """
        try:
            self._repeat("init_transactions", self._producer.init_transactions, CALL_SECONDS)
        except KafkaException as error:
            raise stop_for(error_of(error), where="init_transactions") from error

    def commit(
        self,
        outgoing: Sequence[Outgoing],
        positions: list[KafkaPartition],
        group: Callable[[], object] | None,
    ) -> bool:
        """Append `outgoing` and move the group; False when all of it was aborted.

        Without a group there is none to move.

        Raises:
            OutputTooLarge: the broker refused some of `outgoing`; the transaction was aborted.
            Stop: the process can't go on.
        """
        self._refused.clear()
        where = "begin_transaction"
        try:
            self._producer.begin_transaction()
            where = "produce"
            self._append(outgoing)
            if group is not None:
                where = "send_offsets_to_transaction"
                send = self._producer.send_offsets_to_transaction
                # The group's metadata is taken now: a rebalance may have changed its epoch.
                self._repeat(where, send, positions, group(), CALL_SECONDS)
            where = "commit_transaction"
            self._repeat(where, self._producer.commit_transaction, CALL_SECONDS)
        except KafkaException as error:
            self._abort(error_of(error), where=where)
            return False
        return True

    def _append(self, outgoing: Iterable[Outgoing]) -> None:
        for index, out in enumerate(outgoing):
            while True:
                try:
                    self._producer.produce(
                        self._physical(out.topic),
                        out.value,
                        out.key,
                        headers=list(out.headers),
                        on_delivery=partial(self._delivered, index),
                    )
                except BufferError:
                    self._producer.poll(REPEAT_SECONDS)
                else:
                    break

    def _delivered(self, index: int, error: KafkaError | None, _: KafkaMessage) -> None:
        if error is not None:
            self._refused[index] = error

    def _abort(self, error: KafkaError, *, where: str) -> None:
        refused = self._cause()
        if action_for(error) is not Action.ABORT:
            raise stop_for(error, where=where)
        try:
            self._repeat("abort_transaction", self._producer.abort_transaction, CALL_SECONDS)
        except KafkaException as failed:
            raise stop_for(error_of(failed), where="abort_transaction") from failed
        if refused is not None:
            raise refused

    def _cause(self) -> OutputTooLarge | Stop | None:
        """What the delivery reports say about an abort; they know more than its error."""
        too_large = frozenset(
            index
            for index, refusal in self._refused.items()
            if refusal.code() == KafkaError.MSG_SIZE_TOO_LARGE
        )
        if too_large:
            return OutputTooLarge(too_large)
        for refusal in self._refused.values():
            if action_for(refusal) is Action.MISCONFIGURED:
                return stop_for(refusal, where="produce")
        return None

    def _repeat(self, where: str, call: Callable[..., object], *args: object) -> None:
        deadline = self._clock() + self._deadline_seconds
        while True:
            try:
                call(*args)
            except KafkaException as exception:
                error = error_of(exception)
                if action_for(error) is not Action.REPEAT:
                    raise
                if self._clock() >= deadline:
                    detail = f"{where}: {error.str()} for {self._deadline_seconds:g} s"
                    raise Stop(ExitCode.UNAVAILABLE, f"Kafka does not answer: {detail}") from None
                self._sleep(REPEAT_SECONDS)
            else:
                return
