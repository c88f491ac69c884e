"""Memory and descriptors stay flat: over a run, and over the life of a process. Pure."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from chaos.history import Violation
from chaos.usage import Life, Usage

FEWEST: Final = 6
"""Schedules, or lives, below which nothing is said of a trend."""

LONG_SECONDS: Final = 20.0
"""A life that went on for so long after youth has seen several faults."""

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Bound:
    """How much more there may be at the end: a share of what there was and so much beside."""

    share: float
    mib: int
    descriptors: int

    def grown(self, name: str, before: Usage, after: Usage) -> Iterator[Violation]:
        """Yield what is above."""
        most = before.memory_bytes * (1 + self.share) + self.mib * _MIB
        if after.memory_bytes > most:
            said = f"{before.memory_bytes // _MIB} to {after.memory_bytes // _MIB} MiB"
            yield Violation("growing", f"memory of {name}: {said}")
        if after.descriptors > before.descriptors + self.descriptors:
            said = f"{before.descriptors} to {after.descriptors}"
            yield Violation("growing", f"descriptors of {name}: {said}")


OVER_A_RUN: Final[Mapping[str, Bound]] = {
    # 84 descriptors are the topics of one schedule, which may not have gone yet when it is looked
    # at; memory was seen to rise from 234 to 306 MiB in 25 schedules, below a heap of 384.
    "kafka": Bound(share=0.25, mib=64, descriptors=110),
    # Its heap (384 MiB) fills and empties: 111 to 470 MiB in any order.
    "s3": Bound(share=0.25, mib=320, descriptors=16),
}
OF_A_SERVICE: Final = Bound(share=0.25, mib=32, descriptors=64)
"""Over a run. A sink whose clients were just connecting anew was seen with 258 instead of 174."""

IN_A_LIFE: Final = Bound(share=0.25, mib=24, descriptors=24)
"""Sinks go from 280 to 330 MiB in their first minutes; all others stay within some MiB."""

IN_AN_INGESTERS_LIFE: Final = Bound(share=0.25, mib=80, descriptors=56)
"""A decoder's process more, which starts when it is needed: 56 MiB and some 40 descriptors."""


def growth(schedules: Sequence[tuple[Sequence[Life], Sequence[Usage]]]) -> list[Violation]:
    """What has grown in a run: by schedule, what was alive at its end and what the servers held."""
    return [*_over_the_run(schedules), *_in_lives([one for lives, _ in schedules for one in lives])]


def _over_the_run(
    schedules: Sequence[tuple[Sequence[Life], Sequence[Usage]]],
) -> Iterator[Violation]:
    seen: defaultdict[str, list[Usage]] = defaultdict(list)
    for lives, servers in schedules:
        of_services = by_process(life.old for life in lives if life.settled)
        for name, usages in (of_services | by_process(servers)).items():
            seen[name].append(typical(usages))
    for name, usages in seen.items():
        if len(usages) >= FEWEST and name != "chaos":  # the observer keeps all that it has seen
            third = len(usages) // 3
            bound = OVER_A_RUN.get(name, OF_A_SERVICE)
            first, last = typical(usages[:third]), typical(usages[-third:])
            yield from bound.grown(f"{name} over {len(usages)} schedules", first, last)


def _in_lives(lives: Sequence[Life]) -> Iterator[Violation]:
    """Of those that are at rest at the end, and were young under load: then they held most.

    A sink has twenty clients: on a busy machine many are still connecting when its youth is over
    (120 descriptors; 200 to 280 at any age after that). So what the young held is their upper half.
    """
    long = [life for life in lives if life.settled and life.seconds >= LONG_SECONDS]
    for name, olds in by_process(life.old for life in long).items():
        if len(olds) >= FEWEST:
            youths = [life.young for life in long if life.young.process == name]
            young = typical(youths, of="upper half")
            bound = IN_AN_INGESTERS_LIFE if name == "ingester" else IN_A_LIFE
            yield from bound.grown(f"{name} in {len(olds)} lives", young, typical(olds))


def by_process(usages: Iterable[Usage]) -> dict[str, list[Usage]]:
    """Sort by process."""
    found: defaultdict[str, list[Usage]] = defaultdict(list)
    for usage in usages:
        found[usage.process].append(usage)
    return dict(found)


def typical(usages: Sequence[Usage], *, of: Literal["all", "upper half"] = "all") -> Usage:
    """Return the medians."""
    begin = len(usages) // 2 if of == "upper half" else 0
    return Usage(
        usages[0].process,
        round(statistics.median(sorted(one.memory_bytes for one in usages)[begin:])),
        round(statistics.median(sorted(one.descriptors for one in usages)[begin:])),
    )
