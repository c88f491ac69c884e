"""A spaCy pipeline from a folder or an installed package; the finder and the linguist share it."""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from pixelprose.checkpoints import ModelNotLoaded, installed, weights_hash
from pixelprose.records import Model

_NEEDED: Final = {
    "POS": "classes of words",
    "LEMMA": "lemmas",
    "SENT_START": "sentences",
    "ENT_IOB": "names",
}
_PROBE: Final = "This is a test. It has two sentences."


class SpacyPipeline:
    """One pipeline for several threads: spaCy promises nothing about two calls at once."""

    def __init__(self, nlp: Language, *, model: Model) -> None:
        self.model = model
        self.nlp = nlp
        self._calling = Lock()

    def docs(self, texts: Sequence[str]) -> list[Doc]:
        """The texts, taken apart."""
        with self._calling:
            return list(self.nlp.pipe(texts))


def load_pipeline(source: str | None) -> SpacyPipeline:
    """Load a pipeline; nothing is downloaded.

    Its revision is the hash of all its files.

    Raises:
        ModelNotLoaded: it is not set, not there, damaged, or does not tell classes of words,
            lemmas, sentences and names.
    """
    if not source:
        raise ModelNotLoaded("no spaCy pipeline is configured")
    folder = Path(source)
    if not folder.is_dir() and spacy.util.is_package(source):
        folder = spacy.util.get_package_path(source)
    if not folder.is_dir():
        raise ModelNotLoaded(f"{source} is neither a folder nor an installed spaCy pipeline")
    try:
        nlp = spacy.load(source)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ModelNotLoaded(f"spaCy pipeline {source}: {error}") from error
    doc = nlp(_PROBE)
    if missing := [what for attr, what in _NEEDED.items() if not doc.has_annotation(attr)]:
        raise ModelNotLoaded(f"spaCy pipeline {source} does not tell {', '.join(missing)}")
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    model = Model(
        name=nlp.meta.get("name") or folder.name,
        revision=weights_hash(files),
        library=installed("spacy"),
    )
    return SpacyPipeline(nlp, model=model)
