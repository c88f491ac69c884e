"""Connections to judged addresses only: no gap between what is checked and what is dialled."""

import asyncio
import math
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, Protocol

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from pixelprose.ingester.addresses import Guard
from pixelprose.ingester.refusal import Refusal
from pixelprose.streamkit import Unavailable

Family = socket.AddressFamily
AddrInfo = tuple[int | Family, int | socket.SocketKind, int, str, tuple[Any, ...]]

OUR_TROUBLE = frozenset({socket.EAI_MEMORY, socket.EAI_SYSTEM})
"""Failed look-ups that say nothing about the name."""

ALIVE_SECONDS = 1.0
"""How long a name server that answered is not asked for the canary again."""


IDLE_SECONDS = 5.0
"""How long a connection is kept for the next request: each holds a descriptor, and a list of URLs
of as many hosts leaves one behind for every fetch."""


class Refused(OSError):
    """The dial is off; an OSError, so that aiohttp hands it on as a failed connection."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


class Lookup(Protocol):
    """Asks for the addresses of a name."""

    async def __call__(self, host: str, family: Family, /) -> Sequence[tuple[Family, str]]:
        """Return (family, address) pairs; raises `socket.gaierror`."""


def system_lookup(threads: Executor) -> Lookup:
    """Ask the system's resolver, which blocks, hence the threads."""

    async def lookup(host: str, family: Family) -> Sequence[tuple[Family, str]]:
        found = await asyncio.get_running_loop().run_in_executor(
            threads, lambda: socket.getaddrinfo(host, None, family, socket.SOCK_STREAM)
        )
        return [(info[0], str(info[4][0])) for info in found]

    return lookup


class GuardedResolver(AbstractResolver):
    """Answers with the allowed addresses of a name.

    A name without an address may be the record's fault or that of our name server, which may even
    say of every name that there is none. `canary`, a name that surely exists, tells them apart:
    when it has no address either, `Unavailable("dns")` is raised and no record is blamed.
    """

    def __init__(
        self,
        guard: Guard,
        lookup: Lookup,
        *,
        canary: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard = guard
        self._lookup = lookup
        self._canary = canary
        self._clock = clock
        self._alive_until = -math.inf

    async def resolve(
        self, host: str, port: int = 0, family: Family = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return what may be dialled; raises `Refused` when that is nothing."""
        try:
            found = await self._lookup(host, family)
        except socket.gaierror as error:
            if error.errno in OUR_TROUBLE or not await self._alive():
                raise Unavailable("dns", str(error)) from error
            raise Refused(Refusal("dns_failed", f"the name has no address: {error}")) from error
        refusals = {address: self._guard.refuses(address, port=port) for _, address in found}
        for refusal in refusals.values():
            if refusal is not None and all(refusals.values()):
                raise Refused(refusal)
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=number, proto=0, flags=_NUMERIC
            )
            for number, address in found
            if refusals[address] is None
        ]

    async def close(self) -> None:
        """Nothing to let go of: the threads are their owner's."""

    async def _alive(self) -> bool:
        """Whether names have addresses at all; a yes is believed for a second."""
        if self._clock() < self._alive_until:
            return True
        try:
            await self._lookup(self._canary, socket.AF_UNSPEC)
        except socket.gaierror:
            return False
        self._alive_until = self._clock() + ALIVE_SECONDS
        return True


_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


def guarded_socket(guard: Guard) -> Callable[[AddrInfo], socket.socket]:
    """Make sockets for allowed destinations only; every dial passes here, literals too."""

    def make(destination: AddrInfo) -> socket.socket:
        family, kind, proto, _, (address, port, *_) = destination
        if refusal := guard.refuses(address, port=port):
            raise Refused(refusal)
        return socket.socket(family, kind, proto)

    return make


def guarded_connector(
    guard: Guard, lookup: Lookup, *, canary: str, tls: ssl.SSLContext | None = None
) -> TCPConnector:
    """The only way out: addresses are judged after resolution, and again when dialled.

    `tls` decides which certificates are believed; by default the system's authorities do.
    How many connections there are is bounded by who asks (`Gates`), not here, since waiting
    here would count against a fetch's deadline.
    """
    return TCPConnector(
        resolver=GuardedResolver(guard, lookup, canary=canary),
        socket_factory=guarded_socket(guard),
        limit=0,
        keepalive_timeout=IDLE_SECONDS,
        ttl_dns_cache=10,
        ssl=True if tls is None else tls,
    )
