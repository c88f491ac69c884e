"""Sockets are descriptors, and most shells allow a process a thousand."""

import resource

SPARE = 256
"""Descriptors beside those of fetches: the broker, the store, decoders, sites' own files."""


def allow_all() -> int:
    """Raise this process's limit on descriptors to what it may have, and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def needed(*, concurrency: int) -> int:
    """Return how many descriptors that many fetches at a time may take.

    Each holds a connection, and may leave one behind that waits for the next request.
    """
    return 2 * concurrency + SPARE
