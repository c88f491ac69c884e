"""Examples of the task: a scene, one way to ask, and the caption that answers it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from captioning.album import Album
from captioning.messages import Policy, compose
from pixelprose.demoworld import Scene, alt_text, captions, scene

HINT_SHARE: Final = 0.5
ABSENT_SHARE: Final = 0.4
IGNORED: Final = -100
_BATCHES_PER_CHUNK: Final = 24


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures, tokens after the image, and for each token the one to be said next.

    `targets` holds `IGNORED` wherever the model is not asked to speak.
    """

    pictures: torch.Tensor
    tokens: torch.Tensor
    targets: torch.Tensor
    scenes: tuple[Scene, ...]


def variant(described: Scene, policy: Policy, rng: random.Random) -> tuple[str, str]:
    """One message about a scene, and its perfect caption."""
    prompt = rng.choice(list(policy.prompts))
    alt = alt_text(described) if rng.random() < HINT_SHARE else ""
    closing = rng.random() < ABSENT_SHARE
    title = described.alt.title if alt else None
    return (
        compose(policy, prompt, alt_text=alt, absent=closing),
        captions.say(described, prompt, title=title, closing=closing),
    )


def batches(
    latest: Callable[[], Album],
    tokenizer: PreTrainedTokenizerFast,
    policy: Policy,
    *,
    size: int,
    rng: random.Random,
) -> Iterator[Batch]:
    """Batches without an end: shuffled, asked another way each time, alike in length.

    `latest` is asked before each round: an album may have grown meanwhile.
    """
    chunk = size * _BATCHES_PER_CHUNK
    while True:
        album = latest()
        order = list(range(len(album.seeds)))
        rng.shuffle(order)
        for start in range(0, len(order) - size + 1, chunk):
            yield from _chunk(album, tokenizer, policy, order[start : start + chunk], size, rng)


def _chunk(
    album: Album,
    tokenizer: PreTrainedTokenizerFast,
    policy: Policy,
    indices: list[int],
    size: int,
    rng: random.Random,
) -> list[Batch]:
    scenes = [scene(int(album.seeds[index])) for index in indices]
    asked, said = zip(*(variant(described, policy, rng) for described in scenes), strict=True)
    questions = tokenizer([f"{text}<assistant>" for text in asked], add_special_tokens=False)
    answers = tokenizer([f"{text}</s>" for text in said], add_special_tokens=False)
    rows = sorted(
        zip(indices, scenes, questions["input_ids"], answers["input_ids"], strict=True),
        key=lambda row: len(row[2]) + len(row[3]),
    )
    groups = [rows[at : at + size] for at in range(0, len(rows) - size + 1, size)]
    rng.shuffle(groups)
    return [_batch(album, group, tokenizer.pad_token_id) for group in groups]


def _batch(album: Album, rows: list[tuple[int, Scene, list[int], list[int]]], pad: int) -> Batch:
    longest = max(len(question) + len(answer) for _, _, question, answer in rows)
    tokens = torch.full((len(rows), longest), pad)
    targets = torch.full((len(rows), longest), IGNORED)
    for at, (_, _, question, answer) in enumerate(rows):
        said = torch.tensor(question + answer)
        tokens[at, : len(said)] = said
        targets[at, len(question) - 1 : len(said) - 1] = said[len(question) :]
    indices = np.array([index for index, *_ in rows])
    pictures = torch.from_numpy(np.ascontiguousarray(album.pictures[indices]))
    return Batch(pictures, tokens, targets, tuple(described for _, described, _, _ in rows))
