"""Whether dead letters are the records' fault or the service's."""

from typing import Any

from pixelprose.streamkit.errors import Stop
from pixelprose.streamkit.exit_codes import ExitCode
from pixelprose.streamkit.fuse import Fuse
from pixelprose.streamkit.runner_settings import RunnerSettings
from pixelprose.streamkit.verdict import DEAD
from pixelprose.streamkit.window import Entry

_Entry = Entry[Any, Any, Any]


class Suspicion:
    """Holds back doubtful dead letters until a later record succeeds.

    So a service that is broken itself commits none of them, however often it is restarted. A
    lonely one goes out after `dead_letter_hold_seconds`: its submission must end, too.
    """

    def __init__(self, settings: RunnerSettings) -> None:
        self._hold_seconds = settings.dead_letter_hold_seconds
        self._held: list[_Entry] = []
        self._fuse = Fuse(
            in_a_row=settings.fuse_in_a_row,
            share=settings.fuse_share,
            window=settings.fuse_window,
        )

    def __len__(self) -> int:
        return len(self._held)

    def weigh(self, entry: _Entry, *, now: float) -> None:
        """Take note of how a record ended.

        Raises:
            Stop: too many ended as dead letters.
        """
        verdict = entry.verdict
        if verdict is None or verdict.outcome != DEAD:
            self._fuse.succeeded()
            for held in self._held:
                held.held_since = None
            self._held.clear()
            return
        if verdict.doubtful:
            entry.held_since = now
            self._held.append(entry)
        if blown := self._fuse.failed():
            raise Stop(ExitCode.FUSE_BLOWN, f"{blown}; the last one for {verdict.reason!r}")

    def release(self, *, now: float) -> None:
        """Let go of what was held long enough, and of what is no longer ours."""
        kept = []
        for entry in self._held:
            since = now if entry.held_since is None else entry.held_since
            if now - since >= self._hold_seconds:
                entry.held_since = None
            elif not entry.gone:
                kept.append(entry)
        self._held = kept
