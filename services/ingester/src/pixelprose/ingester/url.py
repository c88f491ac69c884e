"""URLs in one spelling, by the one parser that also dials them (yarl, aiohttp's own)."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NewType

from yarl import URL

from pixelprose.ingester.refusal import Refusal

CanonicalUrl = NewType("CanonicalUrl", URL)
"""http or https, host in ASCII, no user, no fragment, no default port; equal by its text."""

LONGEST = 8192
"""Characters; more is refused, as most servers do."""

# yarl drops tabs and newlines, and browsers take a backslash for a slash: who checks and who
# fetches could read such a URL differently, so there is none.
_AMBIGUOUS = re.compile(r"[\x00-\x1f\x7f\\]")
_UNREADABLE = (ValueError, UnicodeError, IndexError)
"""What yarl raises on text that is no URL; the last is a slip of its own, found by fuzzing."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def canonical(text: str) -> CanonicalUrl | Refusal:
    """Return the one spelling of this URL; what two parsers could read differently is `bad_url`.

    `canonical(str(canonical(x)))` is `canonical(x)`.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return _bad(f"longer than {LONGEST} characters")
    if _AMBIGUOUS.search(text):
        return _bad("a control character or backslash")
    try:
        text.encode()
        return _spelled(URL(text))
    except _UNREADABLE as error:
        return _bad(str(error).partition("\n")[0])


def redirected(base: URL, location: str) -> CanonicalUrl | Refusal:
    """Return where a Location header leads from `base`, by the rules of `canonical`."""
    # Ambiguity is judged before joining, which would mend it one way or another.
    if _AMBIGUOUS.search(location):
        return _bad("a redirect with a control character or backslash")
    try:
        target = canonical(str(base.join(URL(location.strip()))))
    except _UNREADABLE:
        return _bad("a redirect to no URL at all")
    if isinstance(target, Refusal):
        return _bad(f"a redirect to a bad URL: {target.detail}")
    return target


def named(text: str) -> str:
    """Return the URL that names an image: the canonical one, or as it is where there is none."""
    url = canonical(text)
    return text if isinstance(url, Refusal) else str(url)


def _spelled(url: URL) -> CanonicalUrl | Refusal:
    if url.scheme not in {"http", "https"}:
        return _bad("neither http nor https")
    if url.raw_user is not None or url.raw_password is not None:
        return _bad("a user or password")
    host = _host((url.raw_host or "").removesuffix("."))
    if host is None:
        return _bad("not a host name or canonical address")
    port = None if url.is_default_port() else url.port
    spelled = (
        url.with_path(url.raw_path, encoded=True, keep_query=True).with_host(host).with_port(port)
    )
    if len(str(spelled)) > LONGEST:
        return _bad(f"longer than {LONGEST} characters")
    return CanonicalUrl(spelled)


def _host(host: str) -> str | None:
    """The host as it will be resolved, or None when it is none."""
    if ":" in host:
        return _address6(host)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        # Decimal, octal, hex and short forms are addresses to some resolvers, names to others.
        return _address4(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004 - RFC 1035
        return None
    return host


def _address4(host: str) -> str | None:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        return None


def _address6(host: str) -> str | None:
    try:
        address = IPv6Address(host)
    except AddressValueError:
        return None
    return None if address.scope_id else str(address)


def _bad(detail: str) -> Refusal:
    return Refusal("bad_url", detail)
