"""Which captions are kept: an expected no is a reason with the numbers it was decided on."""

import re
from typing import Final

from pixelprose.captioner.cleaning import CleanCaption, ngrams, words
from pixelprose.captioner.policy import Policy
from pixelprose.captioner.port import Completion
from pixelprose.records import CaptionGenerated
from pixelprose.streamkit import Reject

# Writing in the picture may well say "I'm sorry": what is quoted is not the model's own voice.
_QUOTED: Final = re.compile(r"\"[^\"]*\"|\u201c[^\u201d]*\u201d")


def judge(
    completion: Completion, caption: CleanCaption, policy: Policy
) -> Reject[CaptionGenerated] | None:
    """Return why this caption is not kept, or None.

    A refusal comes before the count of its words, and a loop before the limit that it ran into:
    the reason names the cause. `Reject.detail` never quotes the caption.
    """
    repetition = repeated(completion.text, ngram=policy.limits.repetition_ngram)
    count = len(words(caption.text))
    scores = {
        "words": float(count),
        "repetition": repetition,
        "completion_tokens": float(completion.completion_tokens),
    }
    if completion.finish_reason == "content_filter":
        return Reject("refused", "the endpoint's content filter cut the caption off", scores)
    if phrase := _refusal(completion.text, policy.refusals):
        return Reject("refused", f"the model declined: {phrase!r}", scores)
    if repetition > policy.limits.maximum_repetition:
        return Reject("repetitive", f"limit {policy.limits.maximum_repetition}", scores)
    if completion.finish_reason == "length":
        limit = f"limit {policy.sampling.max_tokens} tokens"
        room = (
            "" if completion.completion_tokens else "; the prompt leaves the model no room for it"
        )
        return Reject("cut_off", limit + room, scores)
    if count < policy.limits.minimum_words:
        return Reject("empty_caption", f"at least {policy.limits.minimum_words} words", scores)
    return None


def repeated(text: str, *, ngram: int) -> float:
    """Return the share, in [0, 1), of the text's word n-grams that occurred before in it."""
    runs = ngrams(words(text), ngram)
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def _refusal(text: str, refusals: tuple[str, ...]) -> str | None:
    line = f" {' '.join(words(_QUOTED.sub(' ', text)))} "
    return next((said for said in refusals if f" {' '.join(words(said))} " in line), None)
