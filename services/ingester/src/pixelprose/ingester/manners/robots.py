"""A robots.txt (RFC 9309), read and judged. Never raises on any bytes.

Rules are matched by protego, which finds a group by any part of its token. RFC 9309 wants the whole
token, so the names of groups are read here, and protego is only asked about groups that exist.
It reads a rule once for every agent of its group, so agents that are never asked about are one.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from protego import Protego

from pixelprose.ingester.manners.judging import MOST_STEPS, PIECE_STEPS
from pixelprose.ingester.manners.opt_outs import denied
from pixelprose.ingester.manners.policy import ConsentPolicy

EVERYBODY: Final = "*"
_NOBODY: Final = "-"
_AGENT: Final = "user-agent"
LONGEST_DELAY_SECONDS: Final = 3_600.0

_LINE: Final = re.compile(r"\s*([a-z -]+?)\s*:\s*(.*?)\s*", re.IGNORECASE)
_TOKEN: Final = re.compile(r"\*|[a-z0-9_-]+")
_SPELLINGS: Final = {
    "useragent": "user-agent",
    "user agent": "user-agent",
    "crawl delay": "crawl-delay",
    "dissallow": "disallow",
    "dissalow": "disallow",
    "disalow": "disallow",
    "diasllow": "disallow",
    "disallaw": "disallow",
}
"""Slips that protego reads as meant: what is counted here must be what it reads."""

_SAID: Final = {"content-usage": "Content-Usage", "crawl-delay": "Crawl-delay"}
"""Lines that are kept as they were said; rules of paths are too many for that."""

MOST_SAID: Final = 8
"""Such lines of a group that are kept."""

_SPACER: Final = "crawl-delay: 0"
"""A rule that says nothing, but ends the list of agents of a group."""


@dataclass(slots=True)
class Group:
    """What is under one agent's name, in all places together.

    Attributes:
        pieces: that its rules are made of; a `*` begins another one.
        wild: patterns that may be looked for in all of a URL.
        said: its first lines of `_SAID`, to be kept with the record.
    """

    pieces: int = 0
    wild: int = 0
    said: list[str] = field(default_factory=list)

    def add(self, name: str, value: str) -> None:
        """Take in one line."""
        if name in _SAID and len(self.said) < MOST_SAID:
            self.said.append(f"{_SAID[name]}: {value}")
        # protego reads a rule with a `$` twice: as the end, and as itself.
        patterns = 2 if "$" in value else 1
        self.pieces += patterns * (1 + value.count("*"))
        self.wild += patterns if "*" in value else 0


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one origin."""

    _rules: Protego
    _usage: Protego
    _groups: dict[str, Group]
    _token: str
    _agents: frozenset[str]

    def refuses(self, url: str) -> str | None:
        """Return what shuts us out of `url`: the token of a group, or `content-usage`."""
        for token in self._asked:
            if not self._rules.can_fetch(url, token):
                return token
        return None if self._usage.can_fetch(url, self._group) else "content-usage"

    def steps(self, url: str) -> int:
        """How long `refuses` may take at most: the characters it looks at, whoever wrote them."""
        groups = [self._groups[token] for token in self._asked if token in self._groups]
        return sum(group.pieces * PIECE_STEPS + group.wild * len(url) for group in groups)

    @property
    def said(self) -> tuple[str, ...]:
        """The lines of our group that are no rules of paths."""
        group = self._groups.get(self._group)
        return tuple(group.said) if group else ()

    @property
    def delay_seconds(self) -> float:
        """How long the host wants to be left alone between two requests."""
        return min(self._rules.crawl_delay(self._group) or 0.0, LONGEST_DELAY_SECONDS)

    @property
    def _group(self) -> str:
        return self._token if self._token in self._groups else EVERYBODY

    @property
    def _asked(self) -> tuple[str, ...]:
        """Whose rules count: our group's, or those of all and of each agent of the policy."""
        who = self._group
        return (who, *sorted(self._agents & self._groups.keys())) if who == EVERYBODY else (who,)


def read_robots(data: bytes, policy: ConsentPolicy, *, token: str) -> Robots:
    """Return the rules in `data` as they are for `token`, our own."""
    own, agents = token.lower(), policy.robots.tokens
    lines = list(_lines(data, {own, EVERYBODY, *agents}))
    groups = _groups(lines)
    if own in groups:  # which decides alone
        lines = [(name, _others(own, value) if name == _AGENT else value) for name, value in lines]
        groups = _groups(lines)
    if _pieces(groups) * PIECE_STEPS > MOST_STEPS:
        lines = []  # so many that they are never asked about any URL
    return Robots(
        Protego.parse("\n".join(f"{name}: {value}" for name, value in lines)),
        Protego.parse("\n".join(_usage(lines, policy))),
        groups,
        own,
        agents,
    )


def _others(own: str, agent: str) -> str:
    return agent if agent == own else _NOBODY


def _pieces(groups: dict[str, Group]) -> int:
    return sum(group.pieces for agent, group in groups.items() if agent != _NOBODY)


def _lines(data: bytes, heard: set[str]) -> Iterator[tuple[str, str]]:
    """The lines that say something, in order; agents by the token alone, and only those `heard`."""
    for raw in data.removeprefix(b"\xef\xbb\xbf").splitlines():
        # protego would break a line at characters that are no line ends here.
        text = " ".join(raw.decode("utf-8", "replace").partition("#")[0].split())
        if (line := _LINE.fullmatch(text)) is None:
            continue
        name, value = line[1].lower(), line[2]
        name = _SPELLINGS.get(name, name)
        if name == _AGENT:
            token = _TOKEN.match(value.lower())
            value = token[0] if token and token[0] in heard else _NOBODY
        yield name, value


def _groups(lines: Iterable[tuple[str, str]]) -> dict[str, Group]:
    """The groups by agent; a line is of all agents that are named in a row before it."""
    groups: dict[str, Group] = {}
    agents: set[str] = set()
    begun = False
    for name, value in lines:
        match name:
            case "user-agent":
                agents = {value} if begun else agents | {value}
                begun = False
                groups.setdefault(value, Group())
            case "allow" | "disallow" | "crawl-delay" | "content-usage":
                begun = True
                for agent in agents:
                    groups[agent].add(name, value)
            case _:
                pass
    return groups


def _usage(lines: list[tuple[str, str]], policy: ConsentPolicy) -> Iterator[str]:
    """Content-Usage rules (draft-ietf-aipref-attach) as rules that protego can match."""
    for name, value in lines:
        match name:
            case "user-agent":
                yield f"{name}: {value}"
            case "content-usage":
                path, _, usage = value.partition(" ") if value.startswith("/") else ("/", "", value)
                shut = not policy.content_usage.words.isdisjoint(denied(usage.lower()))
                yield f"{'disallow' if shut else 'allow'}: {path}"
            case "allow" | "disallow" | "crawl-delay":
                yield _SPACER
            case _:
                pass
