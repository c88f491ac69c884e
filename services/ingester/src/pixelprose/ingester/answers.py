"""What an answer, or the lack of one, means: statuses and the client's errors as refusals."""

import errno
import ssl

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
)

from pixelprose.ingester.dialer import Refused
from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.streamkit import Unavailable

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_REASONS: dict[int, Reason] = {
    401: "http_forbidden",
    403: "http_forbidden",
    404: "http_not_found",
    410: "http_not_found",
    429: "http_rate_limited",
    451: "http_forbidden",
}

_OUR_SOCKETS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
)
"""Dials that failed for want of descriptors, ports or memory on this machine."""


def of_status(status: int) -> Refusal | None:
    """Return what a final status means; None when a body is worth reading."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's success
        return None
    default: Reason = "http_client_error" if 400 <= status < 500 else "http_server_error"  # noqa: PLR2004
    return Refusal(_REASONS.get(status, default), f"status {status}")


def of_error(error: ClientError) -> Refusal:
    """Return what became of a request that got no whole answer.

    Raises:
        Unavailable: this machine is at fault.
    """
    match error:
        case ClientSSLError():
            return Refusal("tls_failed", _reason_of(error))
        case ClientConnectorError(os_error=Refused(refusal=refusal)):
            return refusal
        case ClientConnectorError(os_error=OSError(errno=number)) if number in _OUR_SOCKETS:
            raise Unavailable("sockets", str(error)) from error
        case ClientPayloadError():
            return Refusal("truncated", "the connection ended before the body")
        case ClientResponseError():
            return Refusal("connect_failed", "the answer is not HTTP as we read it")
        case _:
            return Refusal("connect_failed", type(error).__name__)


def _reason_of(error: ClientError) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"certificate: {cause.verify_message}"
    return getattr(cause, "reason", None) or "the handshake failed"
