"""Counts over texts by spaCy."""

from collections.abc import Sequence
from typing import Final

from spacy.tokens import Doc

from pixelprose.metadata_annotator.ports import Linguist
from pixelprose.metadata_annotator.spacy_pipeline import SpacyPipeline
from pixelprose.records import Linguistics, Model

_NOUNS: Final = frozenset({"NOUN", "PROPN"})


class SpacyLinguist(Linguist):
    """Words are tokens with a letter or digit, so "top-left" is two and "don't" is two."""

    def __init__(self, pipeline: SpacyPipeline) -> None:
        self._pipeline = pipeline

    @property
    def model(self) -> Model:
        """The pipeline."""
        return self._pipeline.model

    def count(self, texts: Sequence[str]) -> Sequence[Linguistics]:
        """Counts over each text."""
        return [_counts(doc) for doc in self._pipeline.docs(texts)]


def _counts(doc: Doc) -> Linguistics:
    words = [token for token in doc if any(map(str.isalnum, token.text))]
    nouns = [token for token in words if token.pos_ in _NOUNS]
    return Linguistics(
        words=len(words),
        characters=len(doc.text),
        sentences=sum(1 for _ in doc.sents),
        nouns=len(nouns),
        distinct_nouns=len({(token.lemma_ or token.text).casefold() for token in nouns}),
        verbs=sum(token.pos_ == "VERB" for token in words),
        adjectives=sum(token.pos_ == "ADJ" for token in words),
    )
