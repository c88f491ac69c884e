"""Registrable domains, by the public suffix list: who answers for a host."""

from functools import lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

_LIST: Final = PublicSuffixList()


@lru_cache(maxsize=65_536)
def registrable(host: str) -> str:
    """Return the registrable domain of a host; an address, or a suffix itself, is its own."""
    if ":" in host or host.replace(".", "").isdigit():
        return host
    return _LIST.privatesuffix(host) or host
