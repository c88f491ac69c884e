"""Train the demo captioner: one command, seeded, on a CPU or a GPU.

    python models/train/captioner.py --seconds 4800

Draws its pictures under `build/captioner/` first. The best model so far, by the loss on scenes
that are not trained on, is always in `models/demo/captioner/`: stopping early loses nothing.
"""

import argparse
import itertools
import multiprocessing
import random
import sys
import time
from functools import partial
from pathlib import Path

import torch

from captioning.album import Album, draw_album
from captioning.course import Course, Plan
from captioning.examples import batches
from captioning.heads import Heads
from captioning.losses import Student
from captioning.messages import read_policy
from captioning.model import build_model, build_processor
from captioning.tokens import train_tokenizer

ROOT = Path(__file__).parents[2]
EXAM_SEED = 1 << 32  # of the training range, but never drawn for lessons
EXAM_BATCHES = 8
FIRST_PICTURES = 20_000


def main() -> int:
    """Draw what is missing, train, and leave the best model in the target folder."""
    options = _options()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    policy = read_policy(options.policy)
    tokenizer = train_tokenizer(policy)
    _draw(options)
    model = build_model(tokenizer)
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters")
    student = Student(
        model, Heads(), [tokenizer.added_tokens_encoder[token] for token in ("<s>", "<user>")]
    )
    plan = Plan(
        seconds=options.seconds,
        rate=options.rate,
        check_seconds=options.check_seconds,
        state=options.build / "state.pt",
        target=options.target,
    )
    course = Course(student.to(options.device), build_processor(tokenizer), plan)
    if options.resume:
        course.resume()
    lessons, exam = (
        batches(
            partial(Album.open, options.build / name),
            tokenizer,
            policy,
            size=options.batch,
            rng=random.Random(options.seed),
        )
        for name in ("lessons", "exam")
    )
    progress = course.run(lessons, list(itertools.islice(exam, EXAM_BATCHES)))
    print(
        f"{progress.steps} steps, {progress.pictures} pictures, best loss {progress.best_loss:.4f}"
    )
    return 0


def _draw(options: argparse.Namespace) -> None:
    """Draw the exam, then start on the lessons; returns when there are enough to begin with."""
    count = EXAM_BATCHES * options.batch
    draw_album(options.build / "exam", count=count, first_seed=EXAM_SEED)
    folder = options.build / "lessons"
    task = {"count": options.pictures, "first_seed": 0, "processes": options.threads}
    drawing = multiprocessing.get_context("spawn").Process(
        target=draw_album, args=(folder,), kwargs=task
    )
    drawing.start()
    while drawing.is_alive() and _drawn(folder) < min(options.pictures, FIRST_PICTURES):
        time.sleep(1)
    if not _drawn(folder):
        raise SystemExit(f"no picture was drawn in {folder}")


def _drawn(folder: Path) -> int:
    try:
        return len(Album.open(folder).seeds)
    except FileNotFoundError:
        return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4800, help="time to train, drawing apart")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=150_000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--check-seconds", type=float, default=240)
    parser.add_argument("--resume", action="store_true", help="go on from build/captioner/state.pt")
    parser.add_argument("--policy", type=Path, default=ROOT / "profiles/policies/pixelprose.yaml")
    parser.add_argument("--build", type=Path, default=ROOT / "build/captioner")
    parser.add_argument("--target", type=Path, default=ROOT / "models/demo/captioner")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
