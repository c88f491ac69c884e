"""The files in which a site says what it wants: where they lie, and what silence means."""

from functools import partial
from typing import Final

from pixelprose.ingester.manners.origin_files import Kind
from pixelprose.ingester.manners.policy import ConsentPolicy
from pixelprose.ingester.manners.robots import Robots, read_robots
from pixelprose.ingester.manners.tdm_file import TdmFile, read_tdm_file
from pixelprose.ingester.refusal import Reason
from pixelprose.objectstore import robots, tdm_file

_NOT_THERE: Final[frozenset[Reason]] = frozenset(
    {"http_not_found", "http_forbidden", "http_client_error", "too_many_redirects"}
)
"""For robots.txt: no rules (RFC 9309, 2.3.1.2 and 2.3.1.3)."""

_SILENT: Final[frozenset[Reason]] = frozenset({"http_server_error", "http_rate_limited"})
"""For robots.txt: everything is disallowed for now (2.3.1.4)."""

_LED_AWAY: Final[frozenset[Reason]] = frozenset({"bad_url", "forbidden_address", "too_large"})
_BROKEN: Final[frozenset[Reason]] = frozenset(
    {"connect_failed", "dns_failed", "timeout", "tls_failed", "truncated"}
)
"""Its origin has just answered for robots.txt, so this is about the file, or where it leads."""


def robots_txt(policy: ConsentPolicy, *, token: str) -> Kind[Robots]:
    """Return how robots.txt is found and read, for `token`, our own."""
    return Kind(
        path="/robots.txt",
        key=robots,
        trips=("get_robots", "put_robots"),
        read=partial(read_robots, policy=policy, token=token),
        none=_NOT_THERE,
        unreachable=_SILENT,
    )


TDMREP_JSON: Final[Kind[TdmFile]] = Kind(
    path="/.well-known/tdmrep.json",
    key=tdm_file,
    trips=("get_tdm_file", "put_tdm_file"),
    read=read_tdm_file,
    none=_NOT_THERE | _LED_AWAY,
    unreachable=_SILENT | _BROKEN,
)
