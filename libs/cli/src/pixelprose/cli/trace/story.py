"""The events of a submission in order, and where it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pixelprose.cli.trace.event import Event
from pixelprose.cli.trace.objects import Found
from pixelprose.records import topic_list

BLOCKED: Final = "blocked"
MISSING: Final = "not found"
_MADE: Final = frozenset(
    {"fetched", "screened", "annotated", "captioned", "published", "rejected", "dead letter"}
)


@dataclass(frozen=True, slots=True)
class Story:
    """One submission."""

    submission_id: str
    events: Sequence[Event]

    @property
    def blocked(self) -> bool:
        """Whether nothing more may be said."""
        return any(one.blocked for one in self.events)

    @property
    def state(self) -> str:
        """How its highest attempt ended, or what it waits for."""
        last = max((one.attempt for one in self.events), default=0)
        events = [one for one in self.events if one.attempt == last]
        if ends := [one for one in events if one.ends]:
            return ", ".join(dict.fromkeys(map(_end, ends)))
        if rows := [_row_end(one) for one in events if one.kind == "row"]:
            return ", ".join(dict.fromkeys(filter(None, rows))) or _next(events)
        return _next(events)


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that was found, and where it was looked for.

    `blocked_owner` is of a duplicate of what was blocked.
    """

    stories: Sequence[Story]
    objects: Sequence[Found]
    looked: Sequence[str]
    blocked_owner: bool = False

    @property
    def state(self) -> str:
        """`found`, `not found`, or `blocked`, which is all that is said then."""
        if self.blocked_owner or any(story.blocked for story in self.stories):
            return BLOCKED
        return "found" if self.stories else MISSING


def stories(events: Iterable[Event]) -> list[Story]:
    """Return one story per submission, the oldest first; what is told twice is told once."""
    by_submission: dict[str, list[Event]] = {}
    for one in sorted(set_of(events), key=lambda event: event.at):
        by_submission.setdefault(one.submission_id, []).append(one)
    return [Story(who, _told_once(found)) for who, found in by_submission.items()]


def set_of(events: Iterable[Event]) -> Iterable[Event]:
    """Return each event once: a place and a kind are one."""
    unique: Mapping[tuple[str, str, str, str], Event] = {
        (one.submission_id, one.kind, one.place, one.by): one for one in events
    }
    return unique.values()


def _told_once(events: Sequence[Event]) -> list[Event]:
    """Without passings whose own records are there."""
    made = {(one.attempt, one.by) for one in events if one.kind in _MADE}
    return [one for one in events if one.kind != "passed on" or (one.attempt, one.by) not in made]


def _end(event: Event) -> str:
    return "captioned" if event.kind == "published" else f"{event.kind}: {event.why}"


def _row_end(event: Event) -> str:
    match event.place:
        case "table captions":
            return "captioned"
        case "table rejections":
            return f"rejected: {event.why}"
        case "table dead_letters":
            return f"dead letter: {event.why}"
        case _:
            return ""


def _next(events: Sequence[Event]) -> str:
    """What it waits for: who reads the topic that its newest record lies on."""
    for one in reversed(events):
        if one.kind == "waits":
            return f"waits to be tried again: {one.why}"
        topic = topic_list().by_name().get(one.place.split(":")[0])
        if topic is not None and one.kind != "passed on":
            readers = [name for name in topic.consumers if not name.startswith("sink")]
            if readers:
                return f"in work: {', '.join(readers)} is next"
    return "unknown: its records are no longer kept"
