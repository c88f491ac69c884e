"""The image step: signals of an image and its alt text, before a caption is paid for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from PIL import Image

from pixelprose.metadata_annotator.masking import LINE_BREAK, Masked, mask, mask_lines
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import (
    AestheticScorer,
    ImageClassifier,
    LanguageGuesser,
    PiiFinder,
    ToxicityScorer,
    WordReader,
)
from pixelprose.metadata_annotator.renditions import Broken, Missing, Renditions
from pixelprose.records import AltTextSignals, ImageAnnotated, ImageScreened, Signals, Word
from pixelprose.streamkit import DeadLetter, Emit, Outcome, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageModels:
    """What the image step asks."""

    aesthetic: AestheticScorer
    watermark: ImageClassifier
    style: ImageClassifier
    words: WordReader
    language: LanguageGuesser
    toxicity: ToxicityScorer
    pii: PiiFinder


class AnnotateImages:
    """A batch step: one outcome per image, in order.

    What leaves it is masked by the policy: the alt text, and the words read in the image. The
    spans in the record are positions in the masked alt text.

    Raises:
        Unavailable: the store does not answer.
        Stop: the store refuses us.
    """

    def __init__(
        self,
        *,
        models: ImageModels,
        renditions: Renditions,
        policy: AnnotationPolicy,
        now: Callable[[], datetime],
    ) -> None:
        self._models = models
        self._renditions = renditions
        self._policy = policy
        self._now = now

    def __call__(self, records: Sequence[ImageScreened]) -> Sequence[Outcome[ImageAnnotated]]:
        """One outcome per record."""
        loaded = self._renditions.load([record.image.sha256 for record in records])
        seen = [
            (record, one)
            for record, one in zip(records, loaded, strict=True)
            if isinstance(one, Image.Image)
        ]
        annotated = iter(self._annotate(*zip(*seen, strict=True)) if seen else ())
        return [
            _refused(one) if isinstance(one, Missing | Broken) else Emit((next(annotated),))
            for one in loaded
        ]

    def _annotate(
        self, records: Sequence[ImageScreened], pictures: Sequence[Image.Image]
    ) -> Sequence[ImageAnnotated]:
        models = self._models
        alt_texts = self._alt_texts([record.submission.alt_text or "" for record in records])
        answers = zip(
            records,
            models.aesthetic.score(pictures),
            models.watermark.classify(pictures),
            models.style.classify(pictures),
            self._words(pictures),
            alt_texts,
            strict=True,
        )
        return [
            ImageAnnotated(
                submission=_with_alt_text(record, alt_text),
                rights=record.rights,
                fetch=record.fetch,
                image=record.image,
                screening=record.screening,
                signals=Signals(
                    aesthetic=aesthetic,
                    aesthetic_model=models.aesthetic.model,
                    watermark=_likeliest(watermark),
                    watermark_scores=dict(watermark),
                    watermark_model=models.watermark.model,
                    style=_likeliest(style),
                    style_scores=dict(style),
                    style_model=models.style.model,
                    words=words,
                    words_model=models.words.model,
                    alt_text=signals,
                    language_model=models.language.model,
                    toxicity_model=models.toxicity.model,
                    pii_model=models.pii.model,
                    annotated_at=self._now(),
                ),
                lineage=record.lineage,
            )
            for record, aesthetic, watermark, style, words, (alt_text, signals) in answers
        ]

    def _words(self, pictures: Sequence[Image.Image]) -> Sequence[tuple[Word, ...]]:
        read = [self._models.words.read(picture) for picture in pictures]
        found = self._models.pii.find([LINE_BREAK.join(w.text for w in words) for words in read])
        rules = self._policy.pii.rules
        return [
            tuple(
                msgspec.structs.replace(word, text=text)
                for word, text in zip(
                    words, mask_lines([w.text for w in words], findings, rules), strict=True
                )
            )
            for words, findings in zip(read, found, strict=True)
        ]

    def _alt_texts(self, texts: Sequence[str]) -> Sequence[tuple[Masked, AltTextSignals]]:
        """Each text masked, and its signals; an empty one has none."""
        cut = [text[: self._policy.alt_text_characters] for text in texts]
        given = [text for text in cut if text.strip()]
        masked = map(self._masked, given, self._models.pii.find(given))
        signals = iter(
            [
                (one, self._signals(text, one, toxicity))
                for text, one, toxicity in zip(
                    given, masked, self._models.toxicity.score(given), strict=True
                )
            ]
        )
        return [next(signals) if text.strip() else (Masked(text, ()), _NOTHING) for text in cut]
