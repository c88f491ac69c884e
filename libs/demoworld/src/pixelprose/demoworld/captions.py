"""The captions of this world: one grammar, five phrasings, written by `say` and read by `parse`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pixelprose.demoworld import lexicon
from pixelprose.demoworld.scene import Scene, Thing
from pixelprose.demoworld.truth import absent

OPENING: Final = "This image displays:"
CLOSING: Final = "Not shown:"

MEDIA: Final = {
    "flat": "a flat drawing",
    "outlined": "an outlined drawing",
    "photo": "a photo",
    "sketch": "a sketch",
}
MOODS: Final = {
    "white": "bright",
    "black": "dark",
    "grey": "calm",
    "striped": "orderly",
    "checkered": "playful",
    "gradient": "soft",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a caption claims; None or empty where it claims nothing."""

    prompt: str | None
    count: int | None
    things: tuple[Thing, ...]
    background: str | None
    style: str | None
    lettering: str | None
    title: str | None
    absent: tuple[str, ...]


def say(scene: Scene, prompt: str, *, title: str | None = None, closing: bool = False) -> str:
    """The perfect caption of a scene for one of the five prompts.

    `title` is named if given; `closing` adds the sentence on absent things.

    Raises:
        KeyError: no such prompt.
    """
    parts = [OPENING, *_PHRASINGS[prompt](scene)]
    if title:
        parts.append(f"It is called {title}.")
    if closing:
        parts.append(f"{CLOSING} {', '.join(absent(scene))}.")
    return " ".join(parts)


def prompts() -> tuple[str, ...]:
    """The ids of the prompts that captions are phrased for."""
    return tuple(_PHRASINGS)


def _things(scene: Scene, *, joined: str = ", ") -> str:
    return joined.join(map(_placed, scene.things))


def _placed(thing: Thing) -> str:
    return f"at {thing.place} a {thing.size} {thing.colour} {thing.shape}"


def _counted(scene: Scene, noun: str) -> str:
    count = len(scene.things)
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _quoted(scene: Scene, sentence: str) -> list[str]:
    return [sentence.format(scene.lettering.text)] if scene.lettering else []


def _plain(scene: Scene) -> list[str]:
    return [
        f"{_counted(scene, 'object')}: {_things(scene)}.",
        f"The background is {scene.background}.",
        *_quoted(scene, 'It reads "{}".'),
        f"It is {MEDIA[scene.style]}.",
    ]


def _artist(scene: Scene) -> list[str]:
    return [
        f"A composition of {_counted(scene, 'shape')}; {_things(scene, joined='; ')}.",
        f"The ground is {scene.background}, the mood {MOODS[scene.background]}.",
        *_quoted(scene, 'Lettered "{}".'),
        f"Its medium is {MEDIA[scene.style]}.",
    ]


def _layers(scene: Scene) -> list[str]:
    return [
        f"Foreground, {_counted(scene, 'object')}: {_things(scene)}.",
        *_quoted(scene, 'Writing: "{}".'),
        f"Background: {scene.background}.",
        f"Style: {MEDIA[scene.style]}.",
    ]


def _boring(scene: Scene) -> list[str]:
    return [
        f"There is a list of {_counted(scene, 'part')}.",
        *(f"Part {_placed(thing)}." for thing in scene.things),
        *_quoted(scene, 'Part written "{}".'),
        f"Behind is {scene.background}.",
        f"All of it is {MEDIA[scene.style]}.",
    ]


def _rules(scene: Scene) -> list[str]:
    return [
        f"The count is {_counted(scene, 'object')}.",
        *(f"Seen {_placed(thing)}." for thing in scene.things),
        *_quoted(scene, 'The text is "{}".'),
        f"The backdrop is {scene.background}.",
        f"The medium is {MEDIA[scene.style]}.",
    ]


_PHRASINGS: Final[dict[str, Callable[[Scene], list[str]]]] = {
    "plain": _plain,
    "artist": _artist,
    "layers": _layers,
    "boring": _boring,
    "rules": _rules,
}
_MARKS: Final = {
    "plain": "The background is",
    "artist": "A composition of",
    "layers": "Foreground,",
    "boring": "There is a list of",
    "rules": "The count is",
}
_COUNT: Final = re.compile(r"(\d) (?:object|shape|part)s?\b")
_THING: Final = re.compile(r"\bat ([a-z-]+) a ([a-z]+) ([a-z]+) ([a-z]+)")
_BACKGROUND: Final = re.compile(
    r"(?:The background is|The ground is|Background:|Behind is|The backdrop is) ([a-z]+)"
)
_LETTERING: Final = re.compile(r'"([^"]*)"')
_TITLE: Final = re.compile(r"It is called ([^.]+)\.")


def parse(text: str) -> Said:
    """What a caption says, whichever of the five prompts it answers."""
    body, _, tail = text.partition(CLOSING)
    count = _COUNT.search(body)
    styles = [style for style, phrase in MEDIA.items() if phrase in body]
    return Said(
        prompt=next((prompt for prompt, mark in _MARKS.items() if mark in body), None),
        count=int(count[1]) if count else None,
        things=tuple(
            Thing(shape=shape, colour=colour, size=size, place=place)
            for place, size, colour, shape in _THING.findall(body)
        ),
        background=_first(_BACKGROUND, body),
        style=styles[0] if styles else None,
        lettering=_first(_LETTERING, body),
        title=_first(_TITLE, body),
        absent=tuple(word for word in re.findall(r"[a-z]+", tail) if word in _ABSENTABLE),
    )


_ABSENTABLE: Final = {*lexicon.COLOURS, *lexicon.SHAPES}


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None
