"""Which records may begin now: those that are due, and where the process died before, one alone."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Generic

from pixelprose.streamkit.killers import Note
from pixelprose.streamkit.letters.retries import Retries
from pixelprose.streamkit.log import Committed, Message, TopicPartition
from pixelprose.streamkit.window import Entry, Window, Windows
from pixelprose.streamkit.worker import I, O, P


class Intake(Generic[I, O, P]):
    """Takes records off the log and lets them begin.

    No record of a partition begins before its owner has said on the log that it begins there
    (`killers`). A record of a retry topic begins when it is due.
    """

    def __init__(
        self,
        windows: Windows[I, O, P],
        retries: Retries,
        *,
        span: int,
        now: Callable[[], datetime],
    ) -> None:
        self._windows = windows
        self._retries = retries
        self._span = span
        self._now = now

    def put(self, message: Message) -> Window[I, O, P] | None:
        """Put a message at the end of its window; None when the log had no right to deliver it."""
        return self._windows.add(Entry(message, self._retries.brought_back(message)))

    def unannounced(self) -> list[TopicPartition]:
        """Partitions with records on which this process has said nothing yet."""
        return [at for at, window in self._windows.items() if window.fresh and window.note is None]

    def announcements(
        self, found: Mapping[TopicPartition, Committed]
    ) -> dict[TopicPartition, Committed]:
        """What to say there, given what the last owners said."""
        said = {}
        # Not from the position on: before the first record may lie a long transaction, aborted.
        firsts = {at: w.waiting[0].read.offset for at, w in self._windows.items() if w.waiting}
        for at, committed in found.items():
            note = Note.read(committed.note).taken_over(firsts[at], span=self._span)
            said[at] = Committed(committed.offset, str(note))
        return said

    def suspects(self) -> list[tuple[TopicPartition, Window[I, O, P]]]:
        """Partitions whose next record must be tried alone; while there are any, no other begins.

        Not among them are those whose next record is not due, or has ended and is not committed:
        such as a dead letter held back, which would wait for the others.
        """
        return [
            (at, window)
            for at, window in self._windows.items()
            if window.suspect and not window.ended and (window.busy or not self.asleep(window))
        ]

    def due(self) -> Iterator[Entry[I, O, P]]:
        """Take the records that may begin beside others."""
        for _, window in self._windows.items():
            if window.note is None or window.suspect:
                continue
            while window.fresh and not self.asleep(window):
                yield window.fresh.popleft()

    def asleep(self, window: Window[I, O, P]) -> bool:
        """Whether the next record of a partition is not due."""
        if not window.fresh or not self._retries.tiers:
            return False
        return self._retries.wait_seconds(window.fresh[0].read, now=self._now()) > 0
