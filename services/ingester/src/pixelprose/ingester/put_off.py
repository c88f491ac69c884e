"""What may end otherwise later, and how often it is tried."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pixelprose.ingester.refusal import Reason, Refusal
from pixelprose.records import ConsentSignal
from pixelprose.streamkit import Later

ONCE_MORE: Final[frozenset[Reason]] = frozenset({"connect_failed", "timeout"})
"""Most hosts that did not answer never will: they get one more try, not one per tier."""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Not now: a refusal that another time may not be one; `least_seconds` as of `Later`."""

    refusal: Refusal
    least_seconds: float = 0.0

    def after(
        self, signals: Iterable[ConsentSignal], *, policy: tuple[str, str] | None = None
    ) -> "PutOff":
        """Return it with what was said before, as of a refusal."""
        return PutOff(self.refusal.after(signals, policy=policy), self.least_seconds)


@dataclass(frozen=True, slots=True)
class Patience:
    """Decides when what is put off ends; `tiers` is how often a record may wait, 0 is never."""

    tiers: int

    def end(self, put_off: PutOff, *, retries: int) -> Later | Refusal:
        """Return the wait, or the refusal once the record came back `retries` times.

        The last refusal is a decision like any other, so it gets a receipt; a wait gets none.
        """
        refusal = put_off.refusal
        most = min(1, self.tiers) if refusal.reason in ONCE_MORE else self.tiers
        if retries >= most:
            return refusal
        return Later(refusal.reason, refusal.detail, least_seconds=put_off.least_seconds)
