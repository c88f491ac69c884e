"""A robots.txt (RFC 9309), read and judged. Never raises on any bytes.

Rules are matched by protego, which finds a group by any part of its token. RFC 9309 wants the whole
token, so the names of groups are read here, and protego is only asked about groups that exist.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from protego import Protego

from pixelprose.ingester.manners.opt_outs import denied
from pixelprose.ingester.manners.policy import ConsentPolicy

EVERYBODY: Final = "*"
LONGEST_DELAY_SECONDS: Final = 3_600.0

_LINE: Final = re.compile(r"\s*([a-z -]+?)\s*:\s*(.*?)\s*", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\*|[a-z0-9_-]+")
_SPACER: Final = "crawl-delay: 0"
"""A rule that says nothing, but ends the list of agents of a group."""


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one origin."""

    _rules: Protego
    _usage: Protego
    _named: frozenset[str]
    _token: str
    _agents: frozenset[str]

    def refuses(self, url: str) -> str | None:
        """Return what shuts us out of `url`: the token of a group, or `content-usage`."""
        who = self._group
        others = sorted(self._agents & self._named) if who == EVERYBODY else []
        for token in (who, *others):
            if not self._rules.can_fetch(url, token):
                return token
        return None if self._usage.can_fetch(url, who) else "content-usage"

    @property
    def delay_seconds(self) -> float:
        """How long the host wants to be left alone between two requests."""
        return min(self._rules.crawl_delay(self._group) or 0.0, LONGEST_DELAY_SECONDS)

    @property
    def _group(self) -> str:
        return self._token if self._token in self._named else EVERYBODY


def read_robots(data: bytes, policy: ConsentPolicy, *, token: str) -> Robots:
    """Return the rules in `data` as they are for `token`, our own."""
    lines = list(_lines(data))
    named = frozenset(value for field, value in lines if field == "user-agent")
    return Robots(
        Protego.parse("\n".join(f"{field}: {value}" for field, value in lines)),
        Protego.parse("\n".join(_usage(lines, policy))),
        named,
        token.lower(),
        policy.robots.tokens,
    )


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    """The lines that say something, in order; agents by the token alone, in lower case."""
    for raw in data.removeprefix(b"\xef\xbb\xbf").splitlines():
        # protego would break a line at characters that are no line ends here.
        text = " ".join(raw.decode("utf-8", "replace").partition("#")[0].split())
        if (line := _LINE.fullmatch(text)) is None:
            continue
        field, value = line[1].lower(), line[2]
        if field == "user-agent":
            token = _TOKEN.match(value.lower())
            value = token[0] if token else "-"
        yield field, value


def _usage(lines: list[tuple[str, str]], policy: ConsentPolicy) -> Iterator[str]:
    """Content-Usage rules (draft-ietf-aipref-attach) as rules that protego can match."""
    for field, value in lines:
        match field:
            case "user-agent":
                yield f"{field}: {value}"
            case "content-usage":
                path, _, usage = value.partition(" ") if value.startswith("/") else ("/", "", value)
                shut = not policy.content_usage.words.isdisjoint(denied(usage.lower()))
                yield f"{'disallow' if shut else 'allow'}: {path}"
            case "allow" | "disallow" | "crawl-delay":
                yield _SPACER
            case _:
                pass
