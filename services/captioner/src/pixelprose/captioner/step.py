"""The decision about each image: select, ask, caption, clean, judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec

from pixelprose.captioner.cleaning import CleanCaption, Cleaner
from pixelprose.captioner.judging import judge
from pixelprose.captioner.policy import Policy
from pixelprose.captioner.port import BrokenImage, Captioner, CaptionRequest, Completion
from pixelprose.captioner.prompting import Question, ask
from pixelprose.captioner.selection import Selection
from pixelprose.objectstore import (
    ObjectKey,
    ObjectMissing,
    ObjectStore,
    StoreRefused,
    StoreUnavailable,
)
from pixelprose.records import Caption, CaptionGenerated, ImageAnnotated, row_id
from pixelprose.streamkit import DeadLetter, Emit, ExitCode, Outcome, Reject, Stop, Unavailable

Decided: TypeAlias = Outcome[CaptionGenerated]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One question about one image, ready to be sent."""

    image: ImageAnnotated
    policy: Policy
    question: Question
    request: CaptionRequest


class CaptionStep:
    """One caption per image and policy; the policies' questions about an image go back to back.

    `clock` counts seconds and `now` tells the time in UTC.
    """

    def __init__(
        self,
        *,
        selection: Selection,
        policies: Sequence[Policy],
        store: ObjectStore,
        captioner: Captioner,
        clock: Callable[[], float],
        now: Callable[[], datetime],
    ) -> None:
        self._selection = selection
        self._policies = tuple(policies)
        self._cleaners = {policy.hash: Cleaner(policy) for policy in policies}
        self._store = store
        self._captioner = captioner
        self._clock = clock
        self._now = now

    def __call__(self, images: Sequence[ImageAnnotated]) -> Sequence[Decided]:
        """Return one outcome per image, in order.

        With several policies of which some captions are not kept, the outcome is a rejection that
        says which, and the other captions go out beside it.

        Raises:
            Unavailable: the store or the model does not answer.
            Stop: the store refuses us.
            BrokenImage: one of several images is broken; of one alone it is a dead letter.
        """
        prepared = [self._prepare(image) for image in images]
        asked = [one for each in prepared if isinstance(each, tuple) for one in each]
        try:
            answers = iter(self._answers(asked))
        except BrokenImage as error:
            if len(images) > 1:
                raise
            return [DeadLetter("broken_rendition", str(error))]
        return [
            _together([next(answers) for _ in each]) if isinstance(each, tuple) else each
            for each in prepared
        ]

    def _prepare(self, image: ImageAnnotated) -> tuple[_Asked, ...] | Decided:
        refusal = self._selection.refusal(image)
        if refusal is not None:
            return refusal
        try:
            rendition = self._store.get(ObjectKey(image.image.rendition_key))
        except ObjectMissing as error:
            return Reject("image_missing", f"nothing lies under {error.key}")
        except StoreUnavailable as error:
            raise Unavailable("store", str(error)) from error
        except StoreRefused as error:
            raise Stop(ExitCode.BAD_CONFIGURATION, f"the store refuses us: {error}") from error
        return tuple(self._ask(image, policy, rendition) for policy in self._policies)

    def _ask(self, image: ImageAnnotated, policy: Policy, rendition: bytes) -> _Asked:
        question = ask(policy, sha256=image.image.sha256, alt_text=image.submission.alt_text)
        request = CaptionRequest(rendition, question.text, policy.draws)
        return _Asked(image, policy, question, request)

    def _answers(self, asked: Sequence[_Asked]) -> list[Decided]:
        if not asked:
            return []
        started = self._clock()
        completions = self._captioner.caption([one.request for one in asked])
        share = (self._clock() - started) / len(asked)
        return [
            self._decide(one, completion, seconds=share)
            for one, completion in zip(asked, completions, strict=True)
        ]

    def _decide(self, one: _Asked, completion: Completion, *, seconds: float) -> Decided:
        cleaned = self._cleaners[one.policy.hash](completion.text)
        rejected = judge(completion, cleaned, one.policy)
        if rejected is not None:
            detail = f"policy {one.policy.label}: {rejected.detail}"
            return Reject(rejected.reason, detail, rejected.scores)
        caption = self._caption(one, completion, cleaned, seconds=seconds)
        return Emit((_generated(one.image, caption, completion.text),))

    def _caption(
        self, one: _Asked, completion: Completion, cleaned: CleanCaption, *, seconds: float
    ) -> Caption:
        model = self._captioner.model
        return Caption(
            row_id=row_id(one.image.image.sha256, one.policy.hash, model),
            text=cleaned.text,
            absent=cleaned.absent,
            kind=one.policy.kind,
            language=one.policy.language,
            policy=one.policy.label,
            policy_hash=one.policy.hash,
            selection=self._selection.name,
            selection_hash=self._selection.hash,
            prompt_id=one.question.prompt_id,
            prompt=one.question.text,
            hint_used=one.question.hint_used,
            absent_requested=one.question.absent_requested,
            model=model,
            engine=self._captioner.engine,
            sampling=one.policy.draws,
            prompt_tokens=completion.prompt_tokens,
            completion_tokens=completion.completion_tokens,
            finish_reason=completion.finish_reason,
            generated_at=self._now(),
            seconds=seconds,
        )


def _generated(image: ImageAnnotated, caption: Caption, raw: str) -> CaptionGenerated:
    return CaptionGenerated(caption=caption, raw=raw, **msgspec.structs.asdict(image))


def _together(decided: Sequence[Decided]) -> Decided:
    """One outcome of one image's policies: `also` carries what is kept beside a rejection."""
    if len(decided) == 1:
        return decided[0]
    kept = tuple(record for one in decided if isinstance(one, Emit) for record in one.records)
    rejected = [one for one in decided if isinstance(one, Reject)]
    if not rejected:
        return Emit(kept)
    detail = "; ".join(f"{one.reason}: {one.detail}" for one in rejected)
    return Reject(rejected[0].reason, detail, rejected[0].scores, also=kept)
