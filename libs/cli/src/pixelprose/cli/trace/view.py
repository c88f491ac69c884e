"""A trace for people, and as JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pixelprose.cli.redrive.masking import printable
from pixelprose.cli.trace.event import Event
from pixelprose.cli.trace.objects import Found
from pixelprose.cli.trace.story import BLOCKED, Story, Trace

MASKED: Final = "Masked: URLs, texts, records and error texts; --show-personal-data shows them."
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_DIGITS: Final = 12
_STYLES: Final[Mapping[str, str]] = {
    "published": "green",
    "rejected": "red",
    "dead letter": "red",
    "waits": "yellow",
    "redriven": "cyan",
    "dropped": "cyan",
}
_WIDEST: Final = 10_000


def document(trace: Trace, *, personal: bool) -> Mapping[str, Any]:
    """Return everything as plain values; of what is blocked, that alone."""
    if trace.state == BLOCKED:
        return {"state": BLOCKED}
    return {
        "state": trace.state,
        "submissions": [
            {
                "submission_id": story.submission_id,
                "state": story.state,
                "events": [_event(one, personal=personal) for one in story.events],
            }
            for story in trace.stories
        ],
        "objects": [
            {
                "key": one.key,
                "there": one.size_bytes is not None,
                "bytes": one.size_bytes,
                "since": one.since,
                "owner": one.owner,
            }
            for one in trace.objects
        ],
        "looked": list(trace.looked),
    }


def _event(event: Event, *, personal: bool) -> Mapping[str, Any]:
    shown = {
        "at": event.at,
        "attempt": event.attempt,
        "what": event.kind,
        "by": event.by,
        "why": event.why,
        "place": event.place,
        "facts": dict(event.facts),
    }
    return shown | {"personal": dict(event.personal)} if personal else shown


def view(trace: Trace, *, personal: bool) -> RenderableType:
    """Return the way of each submission, then the objects."""
    parts: list[RenderableType] = []
    for story in trace.stories:
        parts += [*_story(story, personal=personal), Text()]
    if trace.objects:
        parts += [Text("objects", style="bold"), *map(_object, trace.objects)]
    if not personal:
        parts += [Text(), Text(MASKED, style="dim")]
    return Group(*parts)


def missing_view(trace: Trace) -> RenderableType:
    """Return where it was looked for, and what to do next."""
    looked = [
        Padding(Text(printable(one), style="dim"), (0, 0, 0, 2), expand=False)
        for one in trace.looked
    ]
    return Group(
        Text("Not found.", style="bold"),
        Text("Looked at:"),
        *looked,
        Text(
            "Topics keep records for 14 days, receipts stay for 30, tables for good. Check the "
            "spelling; leave out --since; `pixelprose status` shows what waits; "
            "`pixelprose submit` submits it (again)."
        ),
    )


def _story(story: Story, *, personal: bool) -> Iterator[RenderableType]:
    yield Text(f"submission {story.submission_id}", style="bold", overflow="fold")
    yield Text(printable(story.state))
    first = story.events[0].at
    attempt = -1
    for event in story.events:
        if event.attempt != attempt:
            attempt = event.attempt
            yield Text(f"attempt {attempt}", style="bold dim")
        head = Text(overflow="fold")
        head.append(f"{event.at:%Y-%m-%d %H:%M:%S}", style="dim")
        head.append(f"{(event.at - first).total_seconds():+10.1f} s  ", style="dim")
        head.append(event.kind, style=_STYLES.get(event.kind, "bold"))
        head.append(printable(f" {event.why}" if event.why else ""))
        head.append(printable(f"  {event.by}"), style="dim")
        yield head
        told = " · ".join([event.place, *_facts(event.facts)])
        yield Padding(
            Text(printable(_short(told)), style="dim", overflow="fold"), (0, 0, 0, 4), expand=False
        )
        if personal and event.personal:
            yield Padding(_plain(event.personal), (0, 0, 0, 4), expand=False)


def _plain(values: Mapping[str, Any]) -> RenderableType:
    text = yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=_WIDEST)
    return Group(*(Text(printable(line), overflow="fold") for line in text.splitlines()))


def _facts(facts: Mapping[str, Any]) -> Iterator[str]:
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield f"{name} {', '.join(f'{key} {inner}' for key, inner in value.items())}"
        else:
            yield f"{name} {value}"


def _object(found: Found) -> RenderableType:
    line = Text("  ", overflow="fold")
    there = found.size_bytes is not None
    line.append("there    " if there else "not there ", style="green" if there else "dim")
    line.append(_short(found.key))
    if found.size_bytes is not None and found.since is not None:
        line.append(f"  {found.size_bytes:,} bytes, {found.since:%Y-%m-%d %H:%M}", style="dim")
    if found.owner:
        line.append(f", owner {_short(found.owner)}", style="dim")
    return line


def _short(text: str) -> str:
    """Digests by their first digits; JSON has all of them."""
    return _DIGEST.sub(lambda found: found[0][:_DIGITS], text)
