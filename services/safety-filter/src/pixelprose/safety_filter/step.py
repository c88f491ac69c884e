"""The decision: blocked, unsafe, or screened. Each stage decides some and passes on the rest."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import PIL.Image

from pixelprose.checkpoints import ImageClassifier
from pixelprose.records import Image, ImageFetched, ImageScreened, SafetyIncident, Screening
from pixelprose.safety_filter.known_hashes import Hit, KnownHashes
from pixelprose.safety_filter.policy import SafetyPolicy
from pixelprose.safety_filter.quarantine import Quarantine
from pixelprose.safety_filter.rendition import BrokenRendition, decode
from pixelprose.streamkit import DeadLetter, Emit, Reject

Decision = (
    Emit[ImageScreened | SafetyIncident] | Reject[ImageScreened | SafetyIncident] | DeadLetter
)

_DECISIONS = (Emit, Reject, DeadLetter)

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class _Seen:
    record: ImageFetched
    picture: PIL.Image.Image


@dataclass(frozen=True, slots=True)
class _Passed:
    record: ImageFetched
    screening: Screening


class Screen:
    """Known hashes first, without decoding anything; then the model; then out of quarantine.

    A batch step: one outcome per record, in order. Raises Unavailable when the store does not
    answer; a repeated call copies again, which changes nothing.
    """

    def __init__(
        self,
        *,
        known: KnownHashes,
        scorer: ImageClassifier,
        quarantine: Quarantine,
        policy: SafetyPolicy,
        now: Callable[[], datetime],
    ) -> None:
        self._known = known
        self._scorer = scorer
        self._quarantine = quarantine
        self._policy = policy
        self._now = now

    def __call__(self, records: Sequence[ImageFetched]) -> Sequence[Decision]:
        """One outcome per record."""
        gated = [self._gate(record) for record in records]
        seen = _onward(gated, self._look)
        judged = _onward(seen, self._judge)
        return _onward(judged, self._release)

    def _gate(self, record: ImageFetched) -> Decision | ImageFetched:
        image = record.image
        reach = self._policy.known_hashes.reach(image.pdq_quality)
        try:
            hits = self._known.hits(sha256=image.sha256, pdq=image.pdq, reach=reach)
        except ValueError as error:
            return DeadLetter("invalid_record", str(error))
        if not hits:
            return record
        now = self._now()
        return Reject("blocked", also=tuple(_incident(record, hit, at=now) for hit in hits))

    def _look(self, records: Sequence[ImageFetched]) -> Sequence[Decision | _Seen]:
        renditions = self._quarantine.renditions([record.image for record in records])
        return [_seen(*pair) for pair in zip(records, renditions, strict=True)]

    def _judge(self, seen: Sequence[_Seen]) -> Sequence[Decision | _Passed]:
        scores = self._scorer.classify([one.picture for one in seen])
        return [self._verdict(one.record, labels) for one, labels in zip(seen, scores, strict=True)]

    def _verdict(self, record: ImageFetched, labels: Mapping[str, float]) -> Decision | _Passed:
        score = self._policy.nsfw.score(labels)
        if score >= self._policy.nsfw.reject_from:
            by_label = {f"label:{label}": value for label, value in labels.items()}
            return Reject("nsfw", scores={"nsfw": score, **by_label})
        screening = Screening(
            policy=self._policy.label,
            policy_hash=self._policy.hash,
            nsfw_score=score,
            nsfw_labels=dict(labels),
            nsfw_model=self._scorer.model,
            hash_lists=self._known.lists,
            screened_at=self._now(),
        )
        return _Passed(record, screening)

    def _release(self, passed: Sequence[_Passed]) -> Sequence[Decision]:
        images = self._quarantine.release([one.record.image for one in passed])
        return [
            Emit((_screened(one, image),)) if image else Reject("image_missing", "left quarantine")
            for one, image in zip(passed, images, strict=True)
        ]


def _onward(
    items: Sequence[Decision | T], stage: Callable[[Sequence[T]], Sequence[Decision | U]]
) -> list[Decision | U]:
    """Send what is not decided yet through `stage`, each answer in the place of its question."""
    answers = iter(stage([item for item in items if not isinstance(item, _DECISIONS)]))
    return [item if isinstance(item, _DECISIONS) else next(answers) for item in items]


def _seen(record: ImageFetched, rendition: bytes | None) -> Decision | _Seen:
    if rendition is None:
        return Reject("image_missing", "not in quarantine")
    try:
        return _Seen(record, decode(rendition))
    except BrokenRendition as error:
        return DeadLetter("broken_rendition", str(error))


def _screened(passed: _Passed, image: Image) -> ImageScreened:
    record = passed.record
    return ImageScreened(
        submission=record.submission,
        rights=record.rights,
        fetch=record.fetch,
        image=image,
        screening=passed.screening,
        lineage=record.lineage,
    )


def _incident(record: ImageFetched, hit: Hit, *, at: datetime) -> SafetyIncident:
    listed, submission = hit.listed_in, record.submission
    # The same hit of the same attempt is the same incident, however often it is found.
    parts = (submission.submission_id, str(submission.attempt), listed.name, listed.version)
    return SafetyIncident(
        incident_id=hashlib.sha256("\0".join(parts).encode()).hexdigest(),
        submission=submission,
        sha256=record.image.sha256,
        pdq=record.image.pdq,
        list_name=listed.name,
        list_version=listed.version,
        distance=hit.distance,
        detected_at=at,
        lineage=record.lineage,
    )
