"""The store of a service, tried before it is used: what every service's wiring opens."""

from collections.abc import Callable
from contextlib import ExitStack

from pixelprose.objectstore import (
    ObjectStore,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    open_store,
)
from pixelprose.streamkit import ExitCode, Stop, Unavailable


def prepared(store: ObjectStore) -> None:
    """Make the store's bucket where that is set, and see that it is there."""
    store.prepare()


def open_ready(
    settings: StoreSettings,
    closing: ExitStack,
    *,
    ready: Callable[[ObjectStore], None] = prepared,
) -> ObjectStore:
    """Return the store that the settings name, after `ready` has tried it; `closing` closes it.

    Raises:
        Stop: it refuses us, or lacks what `ready` asks for.
        Unavailable: it does not answer.
    """
    store = open_store(settings)
    closing.callback(store.close)
    try:
        ready(store)
    except StoreUnavailable as error:
        raise Unavailable("store", str(error)) from error
    except StoreRefused as error:
        detail = f"the store refuses us: {error}; check the settings of `store`"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
    return store
