"""The image step: signals of an image and its alt text, before a caption is paid for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from PIL import Image

from pixelprose.checkpoints import ImageClassifier
from pixelprose.metadata_annotator.alt_text import AltText, AltTexts
from pixelprose.metadata_annotator.masking import LINE_BREAK, mask_lines
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import (
    AestheticScorer,
    LanguageGuesser,
    PiiFinder,
    ToxicityScorer,
    WordReader,
)
from pixelprose.metadata_annotator.renditions import Broken, Missing, Renditions
from pixelprose.records import ImageAnnotated, ImageScreened, Signals, Word
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
        self._alt_texts = AltTexts(
            language=models.language, toxicity=models.toxicity, pii=models.pii, policy=policy
        )

    def __call__(self, records: Sequence[ImageScreened]) -> Sequence[Outcome[ImageAnnotated]]:
        """One outcome per record.

        Raises:
            Unavailable: the store does not answer.
            Stop: the store refuses us.
        """
        loaded = self._renditions.load([record.image.sha256 for record in records])
        seen: list[ImageScreened] = []
        pictures: list[Image.Image] = []
        for record, one in zip(records, loaded, strict=True):
            if isinstance(one, Image.Image):
                seen.append(record)
                pictures.append(one)
        annotated = iter(self._annotate(seen, pictures))
        return [
            _refused(one) if isinstance(one, Missing | Broken) else Emit((next(annotated),))
            for one in loaded
        ]

    def _annotate(
        self, records: Sequence[ImageScreened], pictures: Sequence[Image.Image]
    ) -> Sequence[ImageAnnotated]:
        alt_texts = self._alt_texts.annotate([record.submission.alt_text for record in records])
        signals = self._signals(pictures, alt_texts)
        return [
            ImageAnnotated(
                submission=msgspec.structs.replace(record.submission, alt_text=alt_text.text),
                rights=record.rights,
                fetch=record.fetch,
                image=record.image,
                screening=record.screening,
                signals=own,
                lineage=record.lineage,
            )
            for record, alt_text, own in zip(records, alt_texts, signals, strict=True)
        ]

    def _signals(
        self, pictures: Sequence[Image.Image], alt_texts: Sequence[AltText]
    ) -> Sequence[Signals]:
        models = self._models
        answers = zip(
            models.aesthetic.score(pictures),
            models.watermark.classify(pictures),
            models.style.classify(pictures),
            self._words(pictures),
            alt_texts,
            strict=True,
        )
        return [
            Signals(
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
                alt_text=alt_text.signals,
                language_model=models.language.model,
                toxicity_model=models.toxicity.model,
                pii_model=models.pii.model,
                annotated_at=self._now(),
            )
            for aesthetic, watermark, style, words, alt_text in answers
        ]

    def _words(self, pictures: Sequence[Image.Image]) -> Sequence[tuple[Word, ...]]:
        read = [self._models.words.read(picture) for picture in pictures]
        texts = [[word.text for word in words] for words in read]
        found = self._models.pii.find([LINE_BREAK.join(lines) for lines in texts])
        masked = [
            mask_lines(lines, findings, self._policy.pii.rules)
            for lines, findings in zip(texts, found, strict=True)
        ]
        return [
            tuple(msgspec.structs.replace(w, text=t) for w, t in zip(words, lines, strict=True))
            for words, lines in zip(read, masked, strict=True)
        ]


def _refused(why: Missing | Broken) -> Outcome[ImageAnnotated]:
    match why:
        case Missing(key):
            return Reject("image_missing", f"nothing lies under {key}")
        case Broken(detail):
            return DeadLetter("broken_rendition", detail)


def _likeliest(scores: Mapping[str, float]) -> str:
    return max(scores, key=scores.__getitem__)
