"""A failing schedule in its shortest form: its steps, what did not hold and where, how to rerun."""

import re
import traceback
from dataclasses import dataclass
from pathlib import Path

from hypothesis.stateful import RuleBasedStateMachine

ROOT = Path(__file__).parents[2]
PLACES = 6

_BLOB = re.compile(r"@reproduce_failure\('[^']+', b'([^']+)'\)")


@dataclass(frozen=True)
class Reproducer:
    """What Hypothesis found, for people.

    Attributes:
        steps: the shortest failing schedule, one call a line.
        error: type and text of what it ended with.
        places: where, in code of ours, outermost first; the last `PLACES` of them.
        blob: what Hypothesis makes the same schedule of; empty when it can't be made again.
    """

    steps: tuple[str, ...]
    error: str
    places: tuple[str, ...]
    blob: str

    @classmethod
    def of(
        cls, error: Exception, machine: type[RuleBasedStateMachine], *, blob: str = ""
    ) -> "Reproducer":
        """Read what Hypothesis notes on an exception; `blob` is known where it was run again."""
        checks = {f"state.{one.function.__name__}()" for one in machine.setup_state().invariants}
        notes: list[str] = getattr(error, "__notes__", [])
        blobs = [found[1] for note in notes if (found := _BLOB.search(note))]
        frames = [(Path(f.filename), f) for f in traceback.extract_tb(error.__traceback__)]
        return cls(
            steps=tuple(note for note in notes if note.startswith("state") and note not in checks),
            error=f"{type(error).__name__}: {error}",
            places=tuple(
                f"{path.relative_to(ROOT)}:{frame.lineno} in {frame.name}: {frame.line}"
                for path, frame in frames
                if _is_ours(path)
            )[-PLACES:],
            blob=blobs[0] if blobs else blob,
        )

    def told(self, machine: str) -> str:
        """Return it as lines to print."""
        rerun = (
            f"make schedules MACHINE={machine} BLOB={self.blob}"
            if self.blob
            else "its schedule is not always the same"
        )
        return "\n".join(
            [
                *(f"    {step}" for step in self.steps),
                "",
                self.error,
                *(f"    {place}" for place in self.places),
                "",
                f"this schedule again: {rerun}",
            ]
        )


def _is_ours(path: Path) -> bool:
    """Whether it is no library, and not what runs the schedules either."""
    return (
        path.is_relative_to(ROOT)
        and not path.is_relative_to(ROOT / ".venv")
        and path != Path(__file__).with_name("explore.py")
    )
