"""How many may talk to one host at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Gate:
    places: asyncio.Semaphore
    guests: int = field(default=0)


class Gates:
    """One gate a host, made for the first guest and forgotten after the last."""

    def __init__(self, *, places: int) -> None:
        self._places = places
        self._gates: dict[str, _Gate] = {}

    @asynccontextmanager
    async def through(self, host: str) -> AsyncIterator[None]:
        """Wait until fewer than `places` others are inside."""
        gate = self._gates.setdefault(host, _Gate(asyncio.Semaphore(self._places)))
        gate.guests += 1
        try:
            async with gate.places:
                yield
        finally:
            gate.guests -= 1
            if not gate.guests:
                del self._gates[host]
