"""The web as it is: what a URL answered once, it need not answer again."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

from pixelprose.demoworld.answers import Answer, answer

_FICKLE = ("gone-later/", "other-later/")


@dataclass(slots=True)
class FickleWeb:
    """Answers as the demo's site, and on three more paths not always the same.

    `/gone-later/PATH` is PATH once, and then a 404; `/other-later/SEED/PATH` is PATH once, and then
    another scene; `/busy/TIMES/PATH` is a 503 so many times, and then PATH.
    """

    asked: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, target: str) -> Answer:
        path = target.lstrip("/")
        head, _, rest = path.partition("/")
        with self._lock:
            self.asked[path] += 1
            times = self.asked[path]
        again = times > 1
        match head:
            case "gone-later":
                return answer("/404/gone" if again else f"/{rest}")
            case "other-later":
                other, _, first = rest.partition("/")
                return answer(f"/scene/{other}.jpg" if again else f"/{first}")
            case "busy":
                most, _, behind = rest.partition("/")
                return answer("/503" if times <= int(most) else f"/{behind}")
            case _:
                return answer(target)

    def fickle(self) -> int:
        """How many URLs have answered that will answer otherwise the next time."""
        with self._lock:
            return sum(path.startswith(_FICKLE) for path in self.asked)

    def changed(self) -> int:
        """How often a URL answered otherwise than before."""
        with self._lock:
            return sum(times - 1 for path, times in self.asked.items() if path.startswith(_FICKLE))
