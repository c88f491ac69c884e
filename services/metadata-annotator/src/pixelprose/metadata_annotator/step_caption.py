"""The caption step: signals of a caption, and what may be published of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pixelprose.metadata_annotator.masking import LINE_BREAK, Masked, mask, mask_lines
from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.ports import Finding, Linguist, PiiFinder, ToxicityScorer
from pixelprose.metadata_annotator.text_check import check_text, quotes
from pixelprose.records import (
    Annotation,
    Caption,
    CaptionAnnotated,
    CaptionGenerated,
    Linguistics,
    Toxicity,
)
from pixelprose.streamkit import Emit, Outcome, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionModels:
    """What the caption step asks."""

    toxicity: ToxicityScorer
    pii: PiiFinder
    linguist: Linguist


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of one caption: its scores, and its text and absent things, masked."""

    toxicity: Toxicity
    masked: Masked
    absent: tuple[str, ...]


class AnnotateCaptions:
    """A batch step: one outcome per caption, in order.

    Toxicity is of the caption as the model wrote it. What leaves the step is masked by the policy:
    the caption and its absent things; `raw` is dropped. Spans in the record are positions in the
    masked caption, text check and counts are of it too.
    """

    def __init__(
        self, *, models: CaptionModels, policy: AnnotationPolicy, now: Callable[[], datetime]
    ) -> None:
        self._models = models
        self._policy = policy
        self._now = now

    def __call__(self, records: Sequence[CaptionGenerated]) -> Sequence[Outcome[CaptionAnnotated]]:
        """One outcome per record."""
        found = self._find([record.caption for record in records])
        counts = self._models.linguist.count([one.masked.text for one in found])
        return [
            self._refusal(one) or Emit((self._annotated(record, one, counted),))
            for record, one, counted in zip(records, found, counts, strict=True)
        ]

    def _find(self, captions: Sequence[Caption]) -> Sequence[_Found]:
        toxicities = self._models.toxicity.score([caption.text for caption in captions])
        texts = self._models.pii.find([caption.text for caption in captions])
        absent = self._models.pii.find([LINE_BREAK.join(one.absent) for one in captions])
        return [
            self._masked(*each) for each in zip(captions, toxicities, texts, absent, strict=True)
        ]

    def _masked(
        self,
        caption: Caption,
        toxicity: Toxicity,
        in_text: Sequence[Finding],
        in_absent: Sequence[Finding],
    ) -> _Found:
        rules = self._policy.pii.rules
        return _Found(
            toxicity=toxicity,
            masked=mask(caption.text, in_text, rules),
            absent=mask_lines(caption.absent, in_absent, rules),
        )

    def _refusal(self, found: _Found) -> Reject[CaptionAnnotated] | None:
        """A rejection that says labels, scores and types, never what was found."""
        scores = msgspec.structs.asdict(found.toxicity)
        reached = {
            label: scores[label]
            for label, threshold in self._policy.reject.toxicity.items()
            if scores[label] >= threshold
        }
        if reached:
            detail = f"policy {self._policy.label}: {', '.join(sorted(reached))}"
            return Reject("toxic", detail, reached)
        types = {span.type for span in found.masked.pii} & set(self._policy.reject.pii)
        if types:
            return Reject("pii", f"policy {self._policy.label}: {', '.join(sorted(types))}")
        return None

    def _annotated(
        self, record: CaptionGenerated, found: _Found, counted: Linguistics
    ) -> CaptionAnnotated:
        text = found.masked.text
        caption = msgspec.structs.replace(record.caption, text=text, absent=found.absent)
        return CaptionAnnotated(
            submission=record.submission,
            rights=record.rights,
            fetch=record.fetch,
            image=record.image,
            screening=record.screening,
            signals=record.signals,
            caption=caption,
            annotation=Annotation(
                toxicity=found.toxicity,
                toxicity_model=self._models.toxicity.model,
                pii=found.masked.pii,
                pii_model=self._models.pii.model,
                text_check=check_text(
                    quotes(text),
                    [word.text for word in record.signals.words],
                    minimum_similarity=self._policy.text_check.minimum_similarity,
                ),
                linguistics=counted,
                linguistics_model=self._models.linguist.model,
                policy=self._policy.label,
                policy_hash=self._policy.hash,
                annotated_at=self._now(),
            ),
            lineage=record.lineage,
        )
