"""The client session below every fetch: a call is one request, and its parts are timed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final, Literal

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientHandlerType,
    ClientOSError,
    ClientRequest,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    ServerDisconnectedError,
    TCPConnector,
    TraceConfig,
)
from aiohttp.connector import Connection

from pixelprose.ingester.limits import FetchLimits

Part = Literal["dns", "dial", "first_byte", "body"]
"""Of a request: the name, connecting with TLS, until the head of the answer is here, the rest."""

Timed = Callable[[Part, float], None]


class Unanswered(ClientConnectionError):
    """The connection ended without an answer."""


class Response(ClientResponse):
    """Remembers who answered: after a short body the connection is gone already."""

    peer = ""

    async def start(self, connection: Connection) -> ClientResponse:
        """Read the head of the answer, after a look at who sends it."""
        if connection.transport is not None:
            self.peer = str(connection.transport.get_extra_info("peername", [""])[0])
        return await super().start(connection)

    @property
    def head_bytes(self) -> int:
        """Bytes of all names and values of its headers."""
        return sum(len(name) + len(value) for name, value in self.raw_headers)


@dataclass(slots=True)
class Journey:
    """What one request went through; `reused` says that its connection had served others."""

    mark: float = 0.0
    dns_seconds: float = 0.0
    reused: bool = False


def open_session(
    connector: TCPConnector, limits: FetchLimits, *, user_agent: str, timed: Timed
) -> ClientSession:
    """Open a session without cookies, credentials, proxies or anything of the environment.

    Requests take a `Journey` as `trace_request_ctx`.
    """
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers={"Accept-Encoding": "identity", "User-Agent": user_agent},
        response_class=Response,
        auto_decompress=False,
        max_line_size=limits.max_header_bytes,
        max_field_size=limits.max_header_bytes,
        max_headers=limits.max_headers,
        timeout=ClientTimeout(total=None, sock_connect=limits.connect_seconds),
        trust_env=False,
        middlewares=(_sent_once,),
        trace_configs=[_stopwatch(timed)],
    )


async def _sent_once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Hide failures that make aiohttp send a GET again: a turn at a host is one request."""
    try:
        return await send(request)
    except ClientConnectorError:
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise Unanswered(type(error).__name__) from error


def _stopwatch(timed: Timed, clock: Callable[[], float] = time.perf_counter) -> TraceConfig:
    """Tell `timed` how long the parts of each request took, up to the head of its answer."""

    async def start(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        _journey(context).mark = clock()

    async def named(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        journey = _journey(context)
        journey.dns_seconds = clock() - journey.mark
        timed("dns", journey.dns_seconds)

    async def connected(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        journey, now = _journey(context), clock()
        timed("dial", now - journey.mark - journey.dns_seconds)
        journey.mark = now

    async def reused(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        journey = _journey(context)
        journey.reused, journey.mark = True, clock()

    async def answered(_: ClientSession, context: SimpleNamespace, __: object) -> None:
        timed("first_byte", clock() - _journey(context).mark)

    trace = TraceConfig()
    trace.on_connection_create_start.append(start)
    trace.on_dns_resolvehost_end.append(named)
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(reused)
    trace.on_request_end.append(answered)
    return trace


def _journey(context: SimpleNamespace) -> Journey:
    journey: Final[Journey] = context.trace_request_ctx
    return journey
