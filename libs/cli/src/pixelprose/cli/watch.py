"""A folder or prefix that is looked at again and again."""

from collections.abc import Callable, Collection, Iterable, Iterator

from pixelprose.cli.feed import UnitFeed
from pixelprose.cli.images import Unit


def watched(
    scan: Callable[[], Iterable[Unit]],
    sending: UnitFeed,
    *,
    wait: Callable[[], bool],
    on_scan: Callable[[int], None] = lambda _waiting: None,
) -> None:
    """Scan and send again and again; `wait` sleeps between scans and says when to stop.

    A unit is sent when two scans in a row found it in the same version: until then somebody may
    still be writing.
    """
    before: Collection[str] = ()
    while not sending.feed.over:
        found: set[str] = set()

        def settled(before: Collection[str] = before, found: set[str] = found) -> Iterator[Unit]:
            for unit in filter(sending.is_new, scan()):
                if unit.key in before:
                    yield unit
                else:
                    found.add(unit.key)

        sending.send(settled())
        on_scan(len(found))
        before = found
        if wait():
            return
