"""What a fault may touch."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chaos.cluster import Lanes, NotYet, Operator
from chaos.fleet import Fleet
from chaos.history import Violation
from chaos.observer import Observer
from chaos.pipeline import Step
from chaos.proxy import S3Proxy
from chaos.usage import Lives
from chaos.web import FickleWeb
from pixelprose.embedded import Stack

_OPERATOR_SECONDS = 20.0
_PAUSE_SECONDS = 0.2


@dataclass(slots=True)
class World:
    """One schedule's processes and servers; `broken` is what faults themselves saw go wrong."""

    stack: Stack
    fleet: Fleet
    store_proxy: S3Proxy
    sink_proxy: S3Proxy
    observer: Observer
    web: FickleWeb
    operator: Operator
    lives: Lives
    broken: list[Violation] = field(default_factory=list)

    def lose_positions(self, steps: Sequence[Step]) -> Callable[[], None]:
        """Delete the groups with their positions, and return the operator's way back.

        Their members must have left.
        """
        groups = [self.observer.group(step) for step in steps]
        saved: dict[str, Lanes] = {}
        self._patiently(lambda: saved.update({one: self.operator.positions(one) for one in groups}))
        self._patiently(lambda: self.operator.delete_groups(groups))
        return lambda: self._patiently(lambda: self._restore(saved))

    def _restore(self, saved: Mapping[str, Lanes]) -> None:
        for group, lanes in saved.items():
            self.operator.move(group, lanes)
            if set(self.operator.positions(group)) != set(lanes):
                raise NotYet(f"positions of {group} were not taken")

    def _patiently(self, act: Callable[[], object]) -> None:
        """Act again until the broker agrees: members take their time to leave."""
        deadline = time.monotonic() + _OPERATOR_SECONDS
        while True:
            try:
                act()
            except NotYet:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                return
