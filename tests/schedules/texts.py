"""Records that say in their first letter how they end, and what each must append."""

from hypothesis import strategies as st

from pixelprose.streamkit import (
    DeadLetter,
    Emit,
    Later,
    Message,
    Outcome,
    Reject,
    Skip,
    Unavailable,
)
from pixelprose.streamkit.letters.retries import Retries, Tier
from pixelprose.streamkit.testing import HandWorker

KINDS = st.sampled_from("eeeerrsdxu?Llk")
"""emit, reject, skip, dead letter, unknown error, unavailable once, undecodable, too Large, later,
killer."""
RETRY = "in.tests.retry.1s"
RETRIES = Retries((Tier(RETRY, 1.0),))


class Crash(BaseException):
    """The process dies here: nothing of it runs any more."""


def expected(value: bytes, condemned: set[bytes]) -> list[tuple[str, bytes]]:
    """What one record must append, once."""
    if value in condemned:
        return [("in.tests.dlq", value)]
    match value[:1]:
        case b"e" | b"u":
            return [("out", value + b"!")]
        case b"r":
            return [("rejected", b"asked:" + value)]
        case b"s":
            return []
        case b"l":
            return [(RETRY, value)]
        case _:
            return [("in.tests.dlq", value)]


def again(message: Message, condemned: set[bytes]) -> list[tuple[str, bytes]]:
    """What a record must append that was put off, once: here it is put off too often."""
    if message.value in condemned:
        return [("in.tests.dlq", message.value)]
    return [("rejected", b"busy:" + message.value)]


def kill(record: str) -> None:
    """Some records take the process with them."""
    if record.startswith("k"):
        raise Crash(record)


def decide(worker: HandWorker, record: str, tries: int) -> None:
    """End a try as its record asks."""
    outcome: Outcome[str]
    match record[0]:
        case "x":
            worker.fail(record, ValueError(record))
            return
        case "u" if tries == 1:
            worker.fail(record, Unavailable("store"))
            return
        case "r":
            outcome = Reject("asked")
        case "s":
            outcome = Skip("done")
        case "d":
            outcome = DeadLetter("broken")
        case "l":
            outcome = Later("busy")
        case "L":
            outcome = Emit((record * 600,))
        case _:
            outcome = Emit((record + "!",))
    worker.finish(record, outcome)


def unfinished(worker: HandWorker) -> list[tuple[str, int]]:
    """Records whose latest try has not ended, with the number of their tries."""
    latest = dict(zip(worker.records, worker.futures, strict=True))
    return [
        (record, worker.records.count(record))
        for record, future in latest.items()
        if not future.done()
    ]
