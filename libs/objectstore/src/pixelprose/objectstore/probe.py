"""A store proves at start that it can do what our promises rest on."""

import secrets
from collections.abc import Callable

from pixelprose.objectstore.errors import StoreRefused
from pixelprose.objectstore.keys import ObjectKey
from pixelprose.objectstore.port import ObjectStore

_FIRST, _SECOND = b"first", b"second"
_TEXT = "text/plain"


def probe(store: ObjectStore, *, token: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
    """Returns only if the store is there, has its bucket and honours ``If-None-Match: *``.

    Writes, reads and deletes one object ``probe/<token>``. Raises StoreUnavailable when the store
    does not answer (worth a retry) and StoreRefused when it can't serve us (not worth one).
    """
    store.prepare()
    key = ObjectKey(f"probe/{token()}")
    try:
        created = store.put_if_absent(key, _FIRST, content_type=_TEXT)
        created_again = store.put_if_absent(key, _SECOND, content_type=_TEXT)
        kept = store.get(key)
    finally:
        store.delete(key)
    if not created:
        raise StoreRefused(f"the store calls a fresh key taken ({key}); it can't serve claims")
    if created_again or kept != _FIRST:
        raise StoreRefused(
            "the store ignores 'If-None-Match: *', so two claims could both win;"
            " use a server that honours conditional puts"
        )
