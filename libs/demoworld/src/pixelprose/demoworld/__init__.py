"""A small world of pictures whose truth is known: scenes, renders, captions, grades, a site."""

from pathlib import Path

from pixelprose.demoworld.alttext import alt_text
from pixelprose.demoworld.encoding import Camera, camera, encode
from pixelprose.demoworld.grading import Grade, Record, grade
from pixelprose.demoworld.pixelcode import read_code, write_code
from pixelprose.demoworld.render import render
from pixelprose.demoworld.scene import (
    HELDOUT_FROM,
    Alt,
    Lettering,
    Scene,
    Thing,
    Watermark,
    scene,
    unsafe_scene,
)
from pixelprose.demoworld.scores import Scores
from pixelprose.demoworld.site import Site
from pixelprose.demoworld.truth import Fact, Truth, truth

__all__ = [
    "HELDOUT_FROM",
    "Alt",
    "Camera",
    "Fact",
    "Grade",
    "Lettering",
    "Record",
    "Scene",
    "Scores",
    "Site",
    "Thing",
    "Truth",
    "Watermark",
    "alt_text",
    "camera",
    "encode",
    "grade",
    "model_path",
    "read_code",
    "render",
    "scene",
    "truth",
    "unsafe_scene",
    "write_code",
]


def model_path(name: str) -> Path:
    """The folder of a demo model that ships with this package, such as `captioner`.

    Raises:
        FileNotFoundError: no model of that name is shipped.
    """
    models = Path(__file__).parent / "models"
    if not (models / name).is_dir():
        known = ", ".join(sorted(p.name for p in models.glob("*") if p.is_dir())) or "none"
        raise FileNotFoundError(f"no demo model {name!r} in {models}; there: {known}")
    return models / name
