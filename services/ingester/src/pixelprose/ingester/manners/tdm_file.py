"""A tdmrep.json, read and judged. Never raises on any bytes.

The file of https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/#sec-tdm-file:
rules of a location pattern and a reservation; the first that matches counts. Slips of a publisher
are read as meant: a rule without brackets, without a location (the whole site), numbers as text.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
from yarl import URL

from pixelprose.ingester.manners.judging import PIECE_STEPS

MOST_RULES: Final = 1_000
"""Rules that are looked at; more is no file for readers."""

_BOM: Final = b"\xef\xbb\xbf"
_RESERVATIONS: Final = {0: "0", 1: "1", "0": "0", "1": "1"}


@dataclass(frozen=True, slots=True)
class TdmRule:
    """What is said of the locations that match; `reservation` is `0` or `1`."""

    pattern: tuple[bytes, ...]
    to_the_end: bool
    reservation: str
    policy: str | None

    def matches(self, path: bytes) -> bool:
        """Whether the pieces of the pattern follow each other in `path`, in one pass."""
        first, *others = self.pattern
        if not path.startswith(first):
            return False
        at, last = len(first), others.pop() if others and self.to_the_end else b""
        for piece in others:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        if not self.to_the_end:
            return True
        if len(self.pattern) == 1:
            return at == len(path)
        return path.endswith(last) and len(path) - len(last) >= at


@dataclass(frozen=True, slots=True)
class TdmFile:
    """The rules of one origin, in order; without any it says nothing."""

    rules: tuple[TdmRule, ...]

    def of(self, url: URL) -> TdmRule | None:
        """Return the rule for `url`: the first that matches its path, with or without its query."""
        whole, path = unquote_to_bytes(url.raw_path_qs), unquote_to_bytes(url.raw_path)
        matching = (rule for rule in self.rules if rule.matches(whole) or rule.matches(path))
        return next(matching, None)

    def steps(self, url: URL) -> int:
        """How long `of` may take at most: the characters it looks at, whoever wrote them."""
        pieces = sum(len(rule.pattern) for rule in self.rules)
        wild = sum(len(rule.pattern) > 1 for rule in self.rules)
        return 2 * (pieces * PIECE_STEPS + wild * len(url.raw_path_qs))


class _Rule(msgspec.Struct):
    reservation: int | str = msgspec.field(name="tdm-reservation")
    location: str = "/"
    policy: str | None = msgspec.field(name="tdm-policy", default=None)


def read_tdm_file(data: bytes) -> TdmFile:
    """Return the rules in `data`; what is no rule is left out."""
    data = data.removeprefix(_BOM).strip()
    try:
        raw = [data] if data.startswith(b"{") else msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return TdmFile(())
    rules = (_rule(bytes(one)) for one in raw[:MOST_RULES])
    return TdmFile(tuple(rule for rule in rules if rule is not None))


def _rule(data: bytes) -> TdmRule | None:
    try:
        said = msgspec.json.decode(data, type=_Rule)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    reservation = _RESERVATIONS.get(said.reservation)
    if reservation is None:
        return None
    location = said.location.strip()
    if not location.startswith(("/", "*")):
        location = f"/{location}"
    pieces = location.removesuffix("$").split("*")
    pattern = tuple(unquote_to_bytes(piece) for piece in pieces)
    return TdmRule(pattern, location.endswith("$"), reservation, said.policy)
