"""Growth is found, over a run and in a life; what only goes up and down is not taken for it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from chaos.flat import FEWEST, LONG_SECONDS, growth
from chaos.usage import Life, Usage

MIB = 2**20
SERVERS = (
    Usage("kafka", 250 * MIB, 190),
    Usage("s3", 200 * MIB, 85),
    Usage("chaos", 300 * MIB, 21),
)
SINK = Usage("sink", 300 * MIB, 60)
INGESTER = Usage("ingester", 300 * MIB, 60)
Schedule = tuple[Sequence[Life], Sequence[Usage]]
Made = Callable[[int], Schedule]


def schedule(
    *, servers: Sequence[Usage] = SERVERS, young: Usage = SINK, old: Usage = SINK
) -> Schedule:
    life = Life(LONG_SECONDS, young, old, settled=True)
    return [life, replace(life, settled=False, old=more(SINK, mib=900))], servers


def more(usage: Usage, *, mib: int = 0, descriptors: int = 0) -> Usage:
    return replace(
        usage,
        memory_bytes=usage.memory_bytes + mib * MIB,
        descriptors=usage.descriptors + descriptors,
    )


def of_servers(name: str, *, mib: int = 0, descriptors: int = 0) -> Made:
    """Of a server that has so much more after each schedule."""
    return lambda number: schedule(
        servers=[
            more(one, mib=mib * number, descriptors=descriptors * number)
            if one.process == name
            else one
            for one in SERVERS
        ]
    )


def of_sinks(*, mib: int = 0, descriptors: int = 0) -> Made:
    """Of sinks that hold so much more with each schedule, all their lives."""

    def made(number: int) -> Schedule:
        usage = more(SINK, mib=mib * number, descriptors=descriptors * number)
        return schedule(young=usage, old=usage)

    return made


def in_lives(*, mib: int = 0, descriptors: int = 0, of: Usage = SINK) -> Made:
    """Of processes that hold so much more at their end than when they were young."""
    return lambda _: schedule(young=of, old=more(of, mib=mib, descriptors=descriptors))


def run(made: Made, *, schedules: int = 25) -> list[str]:
    found = growth([made(number) for number in range(schedules)])
    assert {one.kind for one in found} <= {"growing"}
    return [one.detail.split(" over ")[0].split(" in ")[0] for one in found]


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (of_servers("kafka", mib=12), "memory of kafka"),
        (of_servers("kafka", descriptors=9), "descriptors of kafka"),
        (of_servers("s3", mib=25), "memory of s3"),
        (of_servers("s3", descriptors=2), "descriptors of s3"),
        (of_sinks(mib=12), "memory of sink"),
        (of_sinks(descriptors=5), "descriptors of sink"),
        (in_lives(mib=150), "memory of sink"),
        (in_lives(descriptors=25), "descriptors of sink"),
        (in_lives(mib=190, of=INGESTER), "memory of ingester"),
        (in_lives(descriptors=60, of=INGESTER), "descriptors of ingester"),
    ],
)
def test_what_grows_is_found(made: Made, found: str) -> None:
    assert run(made) == [found]
    assert run(made, schedules=FEWEST - 1) == []


@pytest.mark.parametrize(
    "made",
    [
        of_servers("kafka", mib=3, descriptors=4),
        of_servers("chaos", mib=30),
        of_sinks(),
        in_lives(mib=20, descriptors=4),
        in_lives(mib=120, descriptors=50, of=INGESTER),
        lambda number: schedule(servers=[more(one, mib=number % 3 * 100) for one in SERVERS]),
        lambda number: schedule(old=more(SINK, mib=number % 5 * 20, descriptors=number % 5 * 5)),
    ],
)
def test_what_goes_up_and_down_is_flat(made: Made) -> None:
    assert run(made) == []


def test_a_process_that_was_not_there_at_the_end_or_lived_short_says_nothing() -> None:
    short = Life(LONG_SECONDS - 1, SINK, more(SINK, mib=900, descriptors=90), settled=True)
    assert "sink in" not in str(growth([([short], SERVERS)] * FEWEST))
