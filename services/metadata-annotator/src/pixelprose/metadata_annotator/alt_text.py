"""Signals of alt texts, and what may be published of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pixelprose.metadata_annotator.masking import mask
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import LanguageGuesser, PiiFinder, ToxicityScorer
from pixelprose.records import AltTextSignals

NOTHING: Final = AltTextSignals(language=None, language_score=None, toxicity=None, pii=())


@dataclass(frozen=True, slots=True)
class AltText:
    """An alt text as it may be published, and its signals, whose spans refer to it."""

    text: str | None
    signals: AltTextSignals


class AltTexts:
    """Language and toxicity of the text as written; then personal data is masked."""

    def __init__(
        self,
        *,
        language: LanguageGuesser,
        toxicity: ToxicityScorer,
        pii: PiiFinder,
        policy: AnnotationPolicy,
    ) -> None:
        self._language = language
        self._toxicity = toxicity
        self._pii = pii
        self._policy = policy

    def annotate(self, texts: Sequence[str | None]) -> Sequence[AltText]:
        """One for each text. What is empty has no signals; what is too long is cut."""
        longest = self._policy.alt_text_characters
        given = [text[:longest] for text in texts if text and text.strip()]
        annotated = iter(self._annotate(given))
        return [
            next(annotated) if text and text.strip() else AltText(text, NOTHING) for text in texts
        ]

    def _annotate(self, texts: Sequence[str]) -> Sequence[AltText]:
        toxicities, found = self._toxicity.score(texts), self._pii.find(texts)
        annotated = []
        for text, toxicity, findings in zip(texts, toxicities, found, strict=True):
            guess = self._language.guess(text)
            masked = mask(text, findings, self._policy.pii.rules)
            signals = AltTextSignals(
                language=guess.language,
                language_score=guess.score,
                toxicity=toxicity,
                pii=masked.pii,
            )
            annotated.append(AltText(masked.text, signals))
        return annotated
