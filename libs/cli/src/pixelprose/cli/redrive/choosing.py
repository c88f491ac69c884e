"""From what was asked for to the failures that it means."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pixelprose.cli.errors import NotFound, WrongUsage
from pixelprose.cli.redrive import filters
from pixelprose.cli.redrive.failure import Failure, Place
from pixelprose.cli.redrive.filters import Wanted
from pixelprose.cli.redrive.ledger import Ledger
from pixelprose.cli.redrive.reading import Spans
from pixelprose.cli.redrive.request import Act, Request
from pixelprose.records import ImageRejected, topic_list, topic_of

Kinds = Counter[tuple[str, str]]
"""How many there are by service and reason."""


def wanted(request: Request, *, now: datetime) -> Wanted:
    """Return the filter that the options are, having checked each.

    Raises:
        WrongUsage: an option means nothing here.
    """
    rejected = request.act is Act.RETRY
    reasons = filters.rejection_reasons if rejected else filters.dead_letter_reasons
    return Wanted(
        topics=frozenset({topic_of(ImageRejected)})
        if rejected
        else filters.dead_letter_topics(request.topics),
        services=filters.services(request.services),
        reasons=reasons(request.reasons),
        places=filters.places(request.ids),
        submissions=filters.submissions(request.submissions),
        since=None if request.since is None else filters.moment(request.since, now=now),
        until=None if request.until is None else filters.moment(request.until, now=now),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The places of the oldest so many, and how many there are of each kind among them."""

    places: frozenset[Place]
    kinds: Kinds


def choose(
    failures: Iterable[Failure], ledger: Ledger, which: Wanted, *, limit: int | None
) -> Chosen:
    """Return what is meant and still open."""
    briefs: Iterator[tuple[datetime, Place, str, str]] = (
        (one.message.timestamp, one.place, one.service, one.reason)
        for one in failures
        if which.fits(one) and ledger.decided(one.place) is None
    )
    found = list(briefs) if limit is None else heapq.nsmallest(limit, briefs)
    kinds = Counter((service, reason) for _, _, service, reason in found)
    return Chosen(frozenset(place for _, place, _, _ in found), kinds)


def oldest(
    failures: Iterable[Failure], limit: int | None, *, seen: Callable[[Failure], object]
) -> list[Failure]:
    """Return the oldest so many; each of all is told to `seen` on the way."""

    def watched() -> Iterator[Failure]:
        for failure in failures:
            seen(failure)
            yield failure

    def age(failure: Failure) -> tuple[datetime, Place]:
        return failure.message.timestamp, failure.place

    if limit is None:
        return sorted(watched(), key=age)
    return heapq.nsmallest(limit, watched(), key=age)


def check_there(places: Iterable[Place], spans: Spans) -> None:
    """Do nothing if each of these can still be there.

    Raises:
        WrongUsage: one lies in no topic that is read.
        NotFound: one is gone, or was never there.
    """
    held = {(at.topic, at.partition): span for at, span in spans.items()}
    for place in places:
        span = held.get((place.topic, place.partition))
        if span is None:
            raise WrongUsage(f"{place}: there is no such partition of these topics")
        if place.offset < span.first:
            raise NotFound(f"{place} is gone: {kept()}")
        if place.offset >= span.end:
            raise NotFound(f"{place} is not there: the partition ends before it")


def kept() -> str:
    """Say how long failures can be put back at all."""
    listed = topic_list()
    rejected = listed.by_name()[topic_of(ImageRejected)].keep_days
    return (
        f"dead letters are kept for {listed.dead_letters.keep_days} days, "
        f"rejections for {rejected}; older ones can't be put back"
    )
