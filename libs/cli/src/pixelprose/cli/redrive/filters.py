"""Which dead letters or rejections a command means."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pixelprose.cli.errors import WrongUsage
from pixelprose.cli.redrive.failure import Failure, Place
from pixelprose.cli.spans import span
from pixelprose.records import codes, topic_list

_SHORTEST_PREFIX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Every field that is given must fit; none given fits all. Times are the broker's, UTC."""

    topics: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()
    submissions: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, failure: Failure) -> bool:
        """Return whether it is meant."""
        at = failure.message.timestamp
        return (
            (not self.topics or failure.message.at.topic in self.topics)
            and (not self.services or bool(self.services & _names(failure.service)))
            and (not self.reasons or failure.reason in self.reasons)
            and (not self.places or failure.place in self.places)
            and (not self.submissions or (failure.submission_id or "").startswith(self.submissions))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


def _names(service: str) -> set[str]:
    """A service's step is also meant by the service's name."""
    return {service, service.split(".", maxsplit=1)[0]}


def moment(text: str, *, now: datetime) -> datetime:
    """Return the time that `2h` (ago) or an ISO 8601 text names; without a zone it is UTC.

    Raises:
        WrongUsage: it is neither.
    """
    if (ago := span(text)) is not None:
        return now - ago
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(
            f"{text!r} is no time: give 2026-03-02T09:30 (UTC), or 90s, 30m, 2h, 3d ago"
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def dead_letter_topics(names: list[str]) -> frozenset[str]:
    """Return the dead-letter topics that the names mean: theirs, or that of the topic read.

    `images.submitted` is short for `pixelprose.images.submitted.v1`.

    Raises:
        WrongUsage: no such topic.
    """
    listed = topic_list()
    known = {
        listed.dead_letters.pattern.format(topic=topic.name, consumer=consumer): topic.name
        for topic in listed.topics
        for consumer in topic.consumers
    }
    found: set[str] = set()
    for name in names:
        full = f"pixelprose.{name}.v1"
        meant = {dead for dead, topic in known.items() if name in {dead, topic} or topic == full}
        if not meant:
            some = ", ".join(sorted({_short(topic) for topic in known.values()}))
            raise WrongUsage(f"no dead letters come of a topic {name!r}; there are: {some}")
        found |= meant
    return frozenset(found)


def _short(topic: str) -> str:
    return topic.removeprefix("pixelprose.").removesuffix(".v1")


def services(names: list[str]) -> frozenset[str]:
    """Return the names, having checked them.

    Raises:
        WrongUsage: no service has one.
    """
    known = {
        one
        for topic in topic_list().topics
        for name in topic.consumers
        for one in (name, name.split(".")[0])
    }
    _check(names, known, "service")
    return frozenset(names)


def dead_letter_reasons(names: list[str]) -> frozenset[str]:
    """Return the reasons, having checked them; `a,b` is two.

    Raises:
        WrongUsage: no dead letter has one.
    """
    found = _split(names)
    _check(found, set(codes().dead_letter_reasons), "reason of a dead letter")
    return frozenset(found)


def rejection_reasons(names: list[str]) -> frozenset[str]:
    """Return the reasons of rejections that may be tried again; `a,b` is two.

    Raises:
        WrongUsage: none is given, no rejection has one, or one is final.
    """
    found, known = _split(names), codes()
    if not found:
        raise WrongUsage("say which: --reason timeout,http_server_error")
    _check(found, {one for stage in known.reasons.values() for one in stage}, "reason")
    for name in found:
        if name in known.final_reasons:
            raise WrongUsage(f"{name} is not tried again: {known.final_reasons[name]}")
    return frozenset(found)


def places(texts: list[str]) -> frozenset[Place]:
    """Return the places.

    Raises:
        WrongUsage: one is none.
    """
    try:
        return frozenset(Place.parse(text) for text in texts)
    except ValueError as error:
        raise WrongUsage(str(error)) from error


def submissions(names: list[str]) -> tuple[str, ...]:
    """Return submission ids, or their beginnings.

    Raises:
        WrongUsage: one is too short to mean one submission, or not hexadecimal.
    """
    for name in names:
        if not re.fullmatch(f"[0-9a-f]{{{_SHORTEST_PREFIX},64}}", name):
            raise WrongUsage(
                f"{name!r} is no submission id: give at least {_SHORTEST_PREFIX} "
                "of its hexadecimal digits"
            )
    return tuple(names)


def _split(names: list[str]) -> list[str]:
    return [part.strip() for name in names for part in name.split(",") if part.strip()]


def _check(names: list[str], known: set[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise WrongUsage(f"no {what} is called {name!r}; there are: {', '.join(sorted(known))}")
