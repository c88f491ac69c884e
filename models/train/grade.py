"""Grade the demo models on scenes they never saw.

    python models/train/grade.py --count 10000 --seed 1

Prints what each model reached; the last line is one JSON object of `demo_*` figures.
"""

import argparse
import io
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image

import aesthetic
import toxicity
from captioning.asking import Captioner
from captioning.examples import ABSENT_SHARE, HINT_SHARE
from captioning.messages import Policy, compose, read_policy
from classifying.figures import evaluate as evaluate_classifier
from classifying.tasks import TASKS
from pixelprose.demoworld import HELDOUT_FROM, Scene, alt_text, encode, render, scene, truth
from pixelprose.demoworld.captions import parse
from pixelprose.demoworld.grading import Record
from pixelprose.demoworld.summary import Graded, summarise

ROOT = Path(__file__).parents[2]
SIZES = (96, 128, 192, 256, 320, 480)
BATCH = 64
RENDERS = 600


def main() -> int:
    """Grade every model that is shipped, and print the figures."""
    options = _options()
    torch.set_num_threads(options.threads)
    models: Path = options.models
    figures = {"demo_renders_per_second": _render_speed()}
    figures |= grade_captioner(models / "captioner", read_policy(options.policy), options)
    for name, evaluate in _others(options).items():
        if (models / name).is_dir():
            found = evaluate(models / name)
            figures |= {key.replace("demo_", f"demo_{name}_", 1): found[key] for key in found}
        else:
            print(f"no model {name}: not graded")
    # A figure of a class that the sample does not hold is no number, which JSON has no word for.
    known = {name: value for name, value in figures.items() if value == value}  # noqa: PLR0124
    print(json.dumps(known, allow_nan=False))
    return 0


def grade_captioner(folder: Path, policy: Policy, options: argparse.Namespace) -> dict[str, Any]:
    """Ask for a caption of each held-out scene, one of the ways the policy asks, and grade it."""
    captioner = Captioner.load(folder)
    rng = random.Random(options.seed)
    first = first_seed(options.seed)
    graded: list[Graded] = []
    spent = 0.0
    last = first + options.count
    for start in range(first, last, BATCH):
        seeds = range(start, min(start + BATCH, last))
        scenes = [scene(seed) for seed in seeds]
        images = [as_published(described, rng) for described in scenes]
        questions = [asked(described, policy, rng) for described in scenes]
        began = time.perf_counter()
        said = captioner.captions(images, [message for message, _ in questions])
        spent += time.perf_counter() - began
        for described, (_, blank), caption in zip(scenes, questions, said, strict=True):
            graded.append(Graded.of(_record(blank, caption), truth(described)))
    figures: dict[str, Any] = summarise(graded)
    for name, value in figures.items():
        print(f"{name:40} {value}")
    if options.show:
        _show_mistakes(graded, count=options.show)
    return figures | {"demo_captions_per_second": round(options.count / spent, 1)}


def first_seed(run: int) -> int:
    """Where the scenes of a run begin, in the half of the world that training never draws."""
    return HELDOUT_FROM + run * 10_000_000


def as_published(described: Scene, rng: random.Random) -> Image.Image:
    """The scene as it comes from the web: some size, and through JPEG."""
    data = encode(render(described, size=rng.choice(SIZES)), "JPEG")
    return Image.open(io.BytesIO(data)).convert("RGB")


def asked(described: Scene, policy: Policy, rng: random.Random) -> tuple[str, Record]:
    """A message, and the record that waits for its caption."""
    prompt = rng.choice(list(policy.prompts))
    alt = alt_text(described) if rng.random() < HINT_SHARE else ""
    absent = rng.random() < ABSENT_SHARE
    message = compose(policy, prompt, alt_text=alt, absent=absent)
    return message, Record("", prompt=prompt, hinted=bool(alt), absent=() if absent else None)


def _record(blank: Record, caption: str) -> Record:
    absent = None if blank.absent is None else parse(caption).absent
    return Record(caption, prompt=blank.prompt, hinted=blank.hinted, absent=absent)


def _show_mistakes(graded: list[Graded], *, count: int) -> None:
    wrong: Iterator[Graded] = (g for g in graded if g.clear and not g.grade.scene_right)
    for found, _ in zip(wrong, range(count), strict=False):
        print(f"\nseed {found.truth.seed}: {found.record.caption}")
        print([mark for mark in found.grade.marks if mark.verdict != "right"])
        print([fact.value for fact in found.truth.things], found.truth.style.value)


def _others(options: argparse.Namespace) -> dict[str, Callable[[Path], dict[str, Any]]]:
    """How the other models are evaluated: each by its own training's held-out figures."""
    count, seed = max(200, options.count // 5), options.seed + 1000

    def classifier(name: str) -> Callable[[Path], dict[str, Any]]:
        return lambda folder: evaluate_classifier(TASKS[name], folder, count=count, seed=seed)

    return {
        **{name: classifier(name) for name in sorted(TASKS)},
        "aesthetic": lambda folder: aesthetic.evaluate(folder, count=count, seed=seed),
        "toxicity": lambda folder: toxicity.evaluate(folder, count=count, seed=seed),
    }


def _render_speed() -> float:
    began = time.perf_counter()
    for seed in range(RENDERS):
        render(scene(seed), size=96)
    return round(RENDERS / (time.perf_counter() - began), 1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="scenes for the captioner")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", type=int, default=0, help="print so many wrong captions")
    parser.add_argument("--models", type=Path, default=ROOT / "models/demo")
    parser.add_argument("--policy", type=Path, default=ROOT / "profiles/policies/pixelprose.yaml")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
