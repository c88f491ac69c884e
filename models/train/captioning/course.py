"""One training run: its clock, its state on disk, and the best model so far."""

import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from transformers import LlavaProcessor

from captioning.examples import Batch
from captioning.losses import Student
from captioning.model import export
from captioning.muon import Muon
from captioning.schedule import VISION_SHARE, pace

_HEADS_WEIGHT: Final = 0.15
_CLIP: Final = 1.0
_AVERAGE: Final = 0.995


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast, and where to."""

    seconds: float
    rate: float
    check_seconds: float
    state: Path
    target: Path
    vision_share: float = VISION_SHARE


@dataclass(slots=True)
class Progress:
    """Where a run stands; written beside the state, and into the target's figures."""

    used_seconds: float = 0.0
    steps: int = 0
    pictures: int = 0
    best_loss: float = float("inf")
    losses: list[float] = field(default_factory=list)


class Course:
    """Trains a student until its time is used, and keeps the best averaged weights."""

    def __init__(
        self,
        student: Student,
        processor: LlavaProcessor,
        plan: Plan,
        *,
        clock: Callable[[], float] = time.monotonic,
        report: Callable[[str], None] = print,
    ) -> None:
        self._student = student
        self._processor = processor
        self._plan = plan
        self._clock = clock
        self._report = report
        self._optimizers = _optimizers(student, rate=plan.rate)
        self._average = copy.deepcopy(student).requires_grad_(requires_grad=False)
        self.progress = Progress()

    def run(self, lessons: Iterator[Batch], exam: list[Batch]) -> Progress:
        """Learn from `lessons` until the time is used; look at `exam` now and then."""
        checked = began = self._clock() - self.progress.used_seconds
        checked = self._clock()
        for batch in lessons:
            self._learn(batch)
            now = self._clock()
            self.progress.used_seconds = now - began
            over = self.progress.used_seconds >= self._plan.seconds
            if over or now - checked >= self._plan.check_seconds:
                self._check(exam)
                checked = self._clock()
            if over:
                break
        return self.progress

    def resume(self) -> None:
        """Go on from the state on disk.

        Raises:
            FileNotFoundError: no run left one.
        """
        saved = torch.load(self._plan.state, weights_only=True)
        self._student.load_state_dict(saved["student"])
        self._average.load_state_dict(saved["average"])
        for optimizer, state in zip(self._optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.progress = Progress(**saved["progress"])

    def _learn(self, batch: Batch) -> None:
        share = self.progress.used_seconds / self._plan.seconds
        now = pace(share, vision_share=self._plan.vision_share)
        if now.joint:
            loss, said = self._student.joint_loss(batch, heads_weight=_HEADS_WEIGHT)
        else:
            loss = self._student.vision_loss(batch)
            said = loss.detach()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._student.parameters(), _CLIP)
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._plan.rate * now.rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._remember(said)
        self.progress.steps += 1
        self.progress.pictures += len(batch.tokens)

    def _remember(self, loss: torch.Tensor) -> None:
        self.progress.losses.append(round(float(loss), 4))
        weight = min(_AVERAGE, self.progress.steps / (self.progress.steps + 10))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self._average.parameters()), list(self._student.parameters()), 1 - weight
            )

    @torch.no_grad()
    def _check(self, exam: list[Batch]) -> None:
        progress = self.progress
        seen = [self._average.vision_loss(batch) for batch in exam]
        said = [self._average.speak(self._average.look(b.pictures), b) for b in exam]
        loss, vision = float(torch.stack(said).mean()), float(torch.stack(seen).mean())
        recent = progress.losses[-50:]
        progress.losses = recent
        self._report(
            f"{progress.used_seconds:6.0f} s  step {progress.steps}  "
            f"{progress.pictures / progress.used_seconds:.0f} pictures/s  "
            f"train {sum(recent) / len(recent):.4f}  exam {loss:.4f}  exam vision {vision:.4f}"
        )
        joint = pace(
            progress.used_seconds / self._plan.seconds, vision_share=self._plan.vision_share
        ).joint
        if joint and loss < progress.best_loss:
            progress.best_loss = loss
            export(copy.deepcopy(self._average.model), self._processor, self._plan.target)
        self._save()

    def _save(self) -> None:
        state = {
            "student": self._student.state_dict(),
            "average": self._average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "progress": {
                name: getattr(self.progress, name) for name in Progress.__dataclass_fields__
            },
        }
        self._plan.state.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._plan.state.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self._plan.state)


def _optimizers(student: Student, *, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the model's layers, AdamW for all else."""
    matrices: list[torch.nn.Parameter] = []
    rest: list[torch.nn.Parameter] = []
    for name, parameter in student.named_parameters():
        hidden = parameter.ndim == 2 and ".layers." in name
        (matrices if hidden else rest).append(parameter)
    adam: dict[str, Any] = {"betas": (0.9, 0.98), "weight_decay": 0.02}
    return [Muon(matrices, lr=rate), torch.optim.AdamW(rest, lr=rate, **adam)]
