"""Transactions without a group: for who appends and reads no topic of their own."""

import logging
from collections.abc import Sequence

from confluent_kafka import KafkaException, Producer

from pixelprose.kafkalog.settings import KafkaSettings, producer_configuration
from pixelprose.kafkalog.transactions import Transactions
from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.log import Outgoing

_CLIENT_LOG = logging.getLogger("kafka")


class Appender:
    """Appends to any topics, all or nothing; of two with one name, only the newer can.

    `name` is the transactional id, without the prefix. Topics are named without it as well.
    """

    def __init__(self, settings: KafkaSettings, *, name: str) -> None:
        identity = settings.physical(name)
        try:
            producer = Producer(
                producer_configuration(settings, transactional_id=identity), logger=_CLIENT_LOG
            )
        except KafkaException as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"kafka settings: {error}") from error
        self._transactions = Transactions(
            producer,
            physical=settings.physical,
            deadline_seconds=settings.commit_deadline_seconds,
        )

    def open(self) -> None:
        """Take over the name: when this returns, a predecessor has ended all that it began.

        Raises:
            Stop: the coordinator does not answer, or refuses us.
        """
        self._transactions.open()

    def append(self, outgoing: Sequence[Outgoing]) -> bool:
        """Append everything, or nothing and return False: then the same may be tried again.

        Raises:
            OutputTooLarge: the broker refused some of it; nothing happened.
            Stop: the broker does not answer, or a newer appender has this name (`FENCED`).
        """
        return self._transactions.commit(outgoing, [], None)
