"""Settings of the services for one machine with the demo's models."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pdqhash  # type: ignore[import-untyped]

from pixelprose.demoworld import model_path, render, scene

Sections = Mapping[str, Mapping[str, Any]]


def sections(known_hashes: Path) -> Sections:
    """Return the section of each service: small batches, quick flushes, loopback allowed."""
    return {
        "ingester": {
            # The demo's site is on this machine, which no deployment would allow.
            "guard": {"allowed_networks": ["127.0.0.0/8"], "allowed_ports": "any"},
            "limits": {"total_seconds": 15.0},
            # It is its owner's own, so it may be asked as fast as it answers.
            "manners": {
                "domains": {"127.0.0.1": {"requests_per_second": 2_000, "concurrency": 64}}
            },
        },
        "safety_filter": {
            "model": str(model_path("nsfw")),
            "hash_lists": [str(known_hashes)],
        },
        "metadata_annotator": {
            "aesthetic": {"model": str(model_path("aesthetic"))},
            "watermark": {"model": str(model_path("watermark"))},
            "style": {"model": str(model_path("style"))},
            "toxicity": {"model": str(model_path("toxicity"))},
            "spacy": str(model_path("spacy")),
            # Reads as much of the demo's words as 640 does, three times as fast.
            "words": {"detection_side": 192},
        },
        "captioner": {"model": str(model_path("captioner")), "threads": 1},
        "sink": {"flush_seconds": 2.0},
    }


def hurried(given: Sections) -> Sections:
    """Return the same settings, but nothing waits in a retry topic: the demo ends in minutes."""
    ingester = given["ingester"]
    manners = {**ingester["manners"], "retry": False}
    return {**given, "ingester": {**ingester, "manners": manners}}


def write_known_hashes(path: Path, seeds: Iterable[int]) -> Path:
    """Write a known-hash list that holds these scenes, and return where it is."""
    rows = [f"{_pdq(seed)},,scene-{seed}" for seed in seeds]
    header = ["# name: demo-known-hashes", "# version: 1", "pdq,sha256,id"]
    path.write_text("\n".join([*header, *rows]) + "\n", encoding="utf-8")
    return path


def _pdq(seed: int) -> str:
    bits, _quality = pdqhash.compute(np.asarray(render(scene(seed), size=256)))
    return bytes(np.packbits(bits)).hex()
