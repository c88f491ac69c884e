"""`pixelprose trace`: look in tables and store, then in the topics, and tell the story."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from pixelprose.cli.captions.view import line
from pixelprose.cli.choices import Output
from pixelprose.cli.client_settings import ClientSettings, client_settings
from pixelprose.cli.exit_codes import CommandExit
from pixelprose.cli.lake_settings import lake_of
from pixelprose.cli.progress import looking
from pixelprose.cli.redrive.failure import Place
from pixelprose.cli.redrive.filters import moment
from pixelprose.cli.slowly import Slowly
from pixelprose.cli.trace import objects, tables
from pixelprose.cli.trace.clue import Clue, Known, clue
from pixelprose.cli.trace.event import Event
from pixelprose.cli.trace.search import Search
from pixelprose.cli.trace.story import BLOCKED, MISSING, Trace, stories
from pixelprose.cli.trace.view import document, missing_view, view
from pixelprose.cli.writing import ReaderLeft, Writer
from pixelprose.curator import Lake


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRequest:
    """The command line."""

    what: str
    since: str | None
    personal: bool
    output: Output


def run_trace(request: TraceRequest, config: Path | None, console: Console, aside: Console) -> int:
    """Print the trace and return the exit code.

    Raises:
        CommandError, KafkaException, StoreError, StreamError: it can't be looked for.
    """
    since = None if request.since is None else moment(request.since, now=datetime.now(UTC))
    known = Known(clue(request.what))
    settings = client_settings(config)
    with ExitStack() as held:
        lake = held.enter_context(lake_of(settings)) if settings.store else None
        slowly = held.enter_context(Slowly(aside))
        trace = _Looking(settings, lake, since, slowly, aside).trace(known)
    try:
        _print(trace, request, Writer(console))
    except ReaderLeft:
        return 0
    return CommandExit.NOT_FOUND if trace.state == MISSING else CommandExit.DONE


@dataclass(slots=True)
class _Looking:
    settings: ClientSettings
    lake: Lake | None
    since: datetime | None
    slowly: Slowly
    aside: Console

    def trace(self, known: Known) -> Trace:
        """Tables and receipts first: they name the partitions and places to read."""
        lake, looked = self.lake, ["no table and no object: the settings name no store"]
        events: list[Event] = []
        if lake is not None:
            with looking(self.aside, "Looking in tables and store"):
                rows = tables.look(lake, known)
                receipts, _ = objects.look(lake.store, known, attempts=1)
            looked = [*rows.looked, "receipts and claims in the store"]
            events = [*rows.events, *receipts]
        records = self._search(known).run(_places(events))
        events += records.events.values()
        found: list[objects.Found] = []
        if lake is not None and known.submissions:
            attempts = 1 + max((one.attempt for one in events), default=0)
            receipts, found = objects.look(lake.store, known, attempts=attempts)
            events += receipts
            if any(self._blocked(owner, lake) for owner in _owners(found, known)):
                return Trace((), (), (), blocked_owner=True)
        meant = [one for one in events if known.means(one.submission_id)]
        return Trace(stories(meant), found, [*looked, *records.looked])

    def _blocked(self, owner: str, lake: Lake) -> bool:
        """Whether the submission that owns these bytes was blocked: then so are its duplicates."""
        known = Known(Clue(digest=owner))
        objects.look(lake.store, known, attempts=1)
        return self._search(known).blocked()

    def _search(self, known: Known) -> Search:
        return Search(self.settings, known, since=self.since, reading=self.slowly)


def _owners(found: Iterable[objects.Found], known: Known) -> set[str]:
    return {one.owner for one in found if one.owner} - known.submissions


def _places(events: Iterable[Event]) -> set[tuple[str, int, int]]:
    """Where submissions lie, as receipts and lineage say."""
    found: set[tuple[str, int, int]] = set()
    for one in events:
        for text in (one.place, str(one.facts.get("of", ""))):
            try:
                place = Place.parse(text)
            except ValueError:
                continue
            found.add((place.topic, place.partition, place.offset))
    return found


def _print(trace: Trace, request: TraceRequest, writer: Writer) -> None:
    if request.output is Output.JSON:
        writer.line(line(document(trace, personal=request.personal)))
    elif trace.state == BLOCKED:
        writer.line(BLOCKED)
    elif trace.state == MISSING:
        writer.show(missing_view(trace))
    else:
        writer.show(view(trace, personal=request.personal))
    writer.flush()
