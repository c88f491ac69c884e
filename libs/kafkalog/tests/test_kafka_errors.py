"""The table of errors, and what a transaction makes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from pixelprose.kafkalog.errors import Action, action_for, stop_for
from pixelprose.kafkalog.transactions import Transactions
from pixelprose.streamkit import ExitCode, Outgoing, OutputTooLarge, Stop
from pixelprose.streamkit.testing import HandClock

OUT = Outgoing("out", b"k", b"v", (("a", b"1"),))


def failure(code: int, flags: str = "") -> KafkaError:
    return KafkaError(
        code,
        "said so",
        fatal="fatal" in flags,
        retriable="retriable" in flags,
        txn_requires_abort="abort" in flags,
    )


TABLE = [
    (KafkaError.UNKNOWN_MEMBER_ID, "abort", Action.ABORT),
    (KafkaError.ILLEGAL_GENERATION, "abort", Action.ABORT),
    (KafkaError.STALE_MEMBER_EPOCH, "abort", Action.ABORT),
    (KafkaError._TIMED_OUT, "retriable", Action.REPEAT),
    (KafkaError._TRANSPORT, "retriable", Action.REPEAT),
    (KafkaError.NOT_COORDINATOR, "retriable", Action.REPEAT),
    (KafkaError._TIMED_OUT, "abort", Action.ABORT),
    (KafkaError._FENCED, "fatal", Action.FENCED),
    (KafkaError.INVALID_TXN_STATE, "fatal", Action.BROKEN),
    (KafkaError.UNKNOWN, "abort", Action.ABORT),
    (KafkaError._CONFLICT, "retriable", Action.BROKEN),
    (KafkaError._FATAL, "", Action.BROKEN),
    (KafkaError._AUTO_OFFSET_RESET, "", Action.POSITION_LOST),
    (KafkaError.OFFSET_OUT_OF_RANGE, "", Action.POSITION_LOST),
    (KafkaError.UNKNOWN_TOPIC_OR_PART, "", Action.MISCONFIGURED),
    (KafkaError.INVALID_MSG, "", Action.BROKEN),
]


@pytest.mark.parametrize(("code", "flags", "action"), TABLE)
def test_each_error_has_its_action(code: int, flags: str, action: Action) -> None:
    assert action_for(failure(code, flags)) is action


@pytest.mark.parametrize(
    ("code", "flags", "exit_code"),
    [
        (KafkaError._FENCED, "fatal", ExitCode.FENCED),
        (KafkaError._AUTO_OFFSET_RESET, "", ExitCode.POSITION_LOST),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "", ExitCode.BAD_CONFIGURATION),
        (KafkaError._FATAL, "", ExitCode.CLIENT_BROKEN),
    ],
)
def test_each_end_has_its_exit_code(code: int, flags: str, exit_code: ExitCode) -> None:
    assert stop_for(failure(code, flags), where="poll").code is exit_code


class Client:
    """A producer that fails as told: `errors[call]` are raised in turn, then the call succeeds."""

    def __init__(self, **errors: list[KafkaError]) -> None:
        self.errors = errors
        self.calls: list[str] = []
        self.refusals: dict[bytes, KafkaError] = {}

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*_: object) -> None:
            self.calls.append(name)
            if waiting := self.errors.get(name):
                raise KafkaException(waiting.pop(0))

        return call

    def produce(self, topic: str, value: bytes, key: bytes, **rest: Any) -> None:  # noqa: ANN401, ARG002 - the client's own shape
        self.calls.append("produce")
        if value in self.refusals:
            rest["on_delivery"](self.refusals[value], None)


def commit(client: Client, *outgoing: Outgoing) -> bool:
    clock = HandClock()
    transactions = Transactions(
        client,  # type: ignore[arg-type]
        physical=str,
        deadline_seconds=5,
        clock=clock,
        sleep=clock.advance,
    )
    return transactions.commit(outgoing or (OUT,), [], lambda: "group")


WHOLE = ["begin_transaction", "produce", "send_offsets_to_transaction", "commit_transaction"]


def test_a_call_that_timed_out_is_repeated_and_nothing_else() -> None:
    timed_out = failure(KafkaError._TIMED_OUT, "retriable")
    client = Client(commit_transaction=[timed_out, timed_out])
    assert commit(client)
    assert client.calls == [*WHOLE, "commit_transaction", "commit_transaction"]


def test_a_coordinator_that_never_answers_ends_the_process_without_an_abort() -> None:
    client = Client(commit_transaction=[failure(KafkaError._TIMED_OUT, "retriable")] * 1_000)
    with pytest.raises(Stop) as stop:
        commit(client)
    assert stop.value.code is ExitCode.UNAVAILABLE
    assert "abort_transaction" not in client.calls


def test_an_abortable_error_aborts_and_keeps_the_work() -> None:
    client = Client(send_offsets_to_transaction=[failure(KafkaError.UNKNOWN_MEMBER_ID, "abort")])
    assert not commit(client)
    assert client.calls == [*WHOLE[:3], "abort_transaction"]


def test_an_abort_that_shows_the_fence_ends_the_process() -> None:
    client = Client(
        commit_transaction=[failure(KafkaError.UNKNOWN, "abort")],
        abort_transaction=[failure(KafkaError._FENCED, "fatal")],
    )
    with pytest.raises(Stop) as stop:
        commit(client)
    assert stop.value.code is ExitCode.FENCED


def test_a_fenced_producer_is_called_no_more() -> None:
    client = Client(begin_transaction=[failure(KafkaError._FENCED, "fatal")])
    with pytest.raises(Stop) as stop:
        commit(client)
    assert stop.value.code is ExitCode.FENCED
    assert client.calls == ["begin_transaction"]


def test_a_conflict_is_not_repeated_for_ever() -> None:
    client = Client(commit_transaction=[failure(KafkaError._CONFLICT, "retriable")])
    with pytest.raises(Stop) as stop:
        commit(client)
    assert stop.value.code is ExitCode.CLIENT_BROKEN


def test_an_output_that_the_broker_finds_too_large_is_named() -> None:
    client = Client(commit_transaction=[failure(KafkaError.MSG_SIZE_TOO_LARGE, "abort")])
    client.refusals = {b"big": failure(KafkaError.MSG_SIZE_TOO_LARGE)}
    with pytest.raises(OutputTooLarge) as refused:
        commit(client, OUT, Outgoing("out", None, b"big"))
    assert refused.value.outputs == {1}
    assert client.calls[-1] == "abort_transaction"


def test_an_output_topic_that_is_not_there_needs_a_person() -> None:
    client = Client(send_offsets_to_transaction=[failure(KafkaError._TIMED_OUT, "abort")])
    client.refusals = {b"v": failure(KafkaError._UNKNOWN_TOPIC)}
    with pytest.raises(Stop) as stop:
        commit(client)
    assert stop.value.code is ExitCode.BAD_CONFIGURATION
    assert "topics init" in str(stop.value)


def test_a_full_queue_is_waited_for() -> None:
    class Full(Client):
        def produce(self, topic: str, value: bytes, key: bytes, **rest: Any) -> None:  # noqa: ANN401 - the client's own shape
            if self.calls.count("poll") < 2:
                raise BufferError
            super().produce(topic, value, key, **rest)

    client = Full()
    assert commit(client)
    assert client.calls.count("produce") == 1
