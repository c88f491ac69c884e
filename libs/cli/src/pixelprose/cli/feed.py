"""Rows and units on their way to the topic: in chunks, each remembered once all of it is there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from threading import Event
from typing import Final, Protocol, TypeAlias

from pixelprose.cli.images import Unit
from pixelprose.cli.report import Report
from pixelprose.cli.rows import BadRow, SourceRow
from pixelprose.cli.stopping import until
from pixelprose.records import SubmissionId

CHUNK_ROWS: Final = 10_000


Row: TypeAlias = SourceRow | BadRow


class Sender(Protocol):
    """Puts rows on the topic; a `Submitter`, or a dry run."""

    def submit(
        self,
        rows: Iterable[SourceRow],
        *,
        on_sent: Callable[[], None],
        on_bad: Callable[[BadRow], None],
    ) -> Iterator[tuple[int, SubmissionId]]:
        """Yield what was handed over; when it ends, all of it is on the topic."""


class Memory(Protocol):
    """Keys of units that were submitted before."""

    def __contains__(self, key: str) -> bool:
        """Tell whether this one was."""

    def add(self, keys: Iterable[str]) -> None:
        """Remember these."""


@dataclass(slots=True)
class Feed:
    """Sends rows until it is asked to stop or `limit` rows of this run are sent."""

    sender: Sender
    report: Report
    asked: Event
    limit: int | None = None
    on_sent: Callable[[], None] = lambda: None

    @property
    def over(self) -> bool:
        """Whether the limit is reached or somebody asked to stop."""
        return self.asked.is_set() or self._left() == 0

    def send(self, rows: Iterable[Row]) -> int:
        """Send a chunk of rows, good and bad, and return how many were looked at.

        When it returns, the good ones are on the topic.
        """
        seen = 0

        def counted() -> Iterator[Row]:
            nonlocal seen
            for row in until(self.asked, rows):
                seen += 1
                yield row

        good = islice(self.report.good(counted()), self._left())
        for _ in self.sender.submit(good, on_sent=self.on_sent, on_bad=self.report.on_bad):
            self.report.submitted += 1
        self.report.interrupted = self.asked.is_set()
        return seen

    def _left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.report.submitted)


def send_list(
    rows: Iterator[Row], feed: Feed, *, done: int, on_done: Callable[[int], None]
) -> None:
    """Send the rows after the first `done`; `on_done` is told of each number that is safe."""
    left = islice(rows, done, None)
    while not feed.over:
        seen = feed.send(islice(left, CHUNK_ROWS))
        if not seen:
            return
        done += seen
        on_done(done)


@dataclass(slots=True)
class UnitFeed:
    """Sends units that were not sent before, and remembers those that were sent whole.

    A unit with bad rows is not remembered: mended, it has another key; otherwise the next run says
    again what is wrong with it, and this one does not.
    """

    feed: Feed
    memory: Memory
    complained: set[str] = field(default_factory=set)

    def is_new(self, unit: Unit) -> bool:
        """Tell whether there is anything to do."""
        return unit.key not in self.complained and unit.key not in self.memory

    def send(self, units: Iterable[Unit]) -> None:
        """Send all of them; those on the topic are remembered a chunk at a time."""
        waiting = iter(units)
        while not self.feed.over:
            chunk = _Chunk(waiting, self.feed)
            if not self.feed.send(chunk.rows()) and not chunk.begun:
                return
            self.complained.update(chunk.bad)
            self.memory.add(chunk.whole)

    def pick(self, units: Iterable[Unit]) -> Iterator[Unit]:
        """Yield the new ones; the others are counted."""
        for unit in units:
            if self.is_new(unit):
                yield unit
            elif unit.key in self.memory:
                self.feed.report.before += 1


class _Chunk:
    """Units whose rows are sent together; only those that came to their end are whole."""

    def __init__(self, units: Iterator[Unit], feed: Feed) -> None:
        self._units = units
        self._feed = feed
        self._rows = 0
        self.begun = 0
        self.whole: list[str] = []
        self.bad: set[str] = set()

    def rows(self) -> Iterator[Row]:
        for unit in self._units:
            self.begun += 1
            good, last = True, False
            for row, last in _marked(unit.rows()):
                self._rows += 1
                good = good and not isinstance(row, BadRow)
                if last:  # noted before the row leaves: at its limit, nobody asks for another
                    self._note(unit, good=good)
                yield row
            if not last:
                self._note(unit, good=good)
            if self._rows >= CHUNK_ROWS or self.begun >= CHUNK_ROWS or self._feed.over:
                return

    def _note(self, unit: Unit, *, good: bool) -> None:
        if good:
            self.whole.append(unit.key)
        else:
            self.bad.add(unit.key)


def _marked(rows: Iterator[Row]) -> Iterator[tuple[Row, bool]]:
    """Yield each row, and whether it is the last."""
    row = next(rows, None)
    while row is not None:
        following = next(rows, None)
        yield row, following is None
        row = following
