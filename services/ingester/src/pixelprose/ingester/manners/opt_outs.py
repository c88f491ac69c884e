"""What a publisher's headers say about use, judged by the policy. Never raises on any text."""

from collections.abc import Iterable, Iterator
from typing import Final

from pixelprose.ingester.consent import SIGNALS, text
from pixelprose.ingester.manners.policy import ConsentPolicy
from pixelprose.ingester.refusal import Refusal

_WITH_VALUES: Final = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
"""Directives of X-Robots-Tag that are followed by a colon themselves, like the name of an agent."""

LONGEST_QUOTE: Final = 80


def refused_by_headers(
    headers: Iterable[tuple[str, str]], policy: ConsentPolicy, *, token: str
) -> Refusal | None:
    """Return the refusal of an answer whose headers opt out, for `token` (ours) or for all."""
    agents = policy.robots.tokens | {token.lower()}
    for name, raw in headers:
        known = SIGNALS.get(name.lower())
        value = text(raw).lower()
        match known:
            case "X-Robots-Tag":
                out = any(word in policy.x_robots_tag.words for word in directives(value, agents))
            case "TDM-Reservation":
                out = value.strip() in policy.tdm_reservation.words
            case "Content-Usage":
                out = not policy.content_usage.words.isdisjoint(denied(value))
            case _:
                continue
        if out:
            return Refusal("opted_out", f"{known}: {text(raw)[:LONGEST_QUOTE]} ({policy.label})")
    return None


def directives(value: str, agents: frozenset[str]) -> Iterator[str]:
    """Yield the directives of an X-Robots-Tag value that are for everybody or one of `agents`.

    A name with a colon is of the directives behind it, up to the next name. `value` and `agents`
    are in lower case.
    """
    ours = True
    for piece in value.split(","):
        name, colon, rest = piece.partition(":")
        if colon and name.strip() not in _WITH_VALUES:
            ours = name.strip() in agents
            piece = rest  # noqa: PLW2901 - the directive behind the name
        if ours:
            yield piece.strip()


def denied(value: str) -> Iterator[str]:
    """Yield the categories that a Content-Usage value sets to `n` (a dictionary of RFC 9651).

    The last word on a category counts. `value` is in lower case; what is no dictionary member
    says nothing.
    """
    said: dict[str, str] = {}
    for member in value.split(","):
        key, _, rest = member.partition("=")
        said[key.strip()] = rest.partition(";")[0].strip()
    return (key for key, preference in said.items() if preference == "n")
