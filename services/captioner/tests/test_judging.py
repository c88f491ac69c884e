import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.captioner.cleaning import Cleaner
from pixelprose.captioner.judging import judge, repeated
from pixelprose.captioner.port import Completion, FinishReason
from pixelprose.captioner.testing import revised
from pixelprose.demoworld import captions, scene

POLICY = revised()
CLEAN = Cleaner(POLICY)


def _reason(text: str, *, finish: FinishReason = "stop", tokens: int = 9) -> str | None:
    rejected = judge(Completion(text, 20, tokens, finish), CLEAN(text), POLICY)
    return rejected.reason if rejected else None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("This image displays: a red circle.", None),
        ("This image displays: a circle.", "empty_caption"),
        ("", "empty_caption"),
        ("Use that for names only. End with one sentence that begins with it.", "empty_caption"),
        ("Not shown: a dog, a cat, a bird, a car.", "empty_caption"),
        ("I'm sorry, but this is not something to describe.", "refused"),
        ("Unfortunately I can\u2019t describe this image.", "refused"),
        ("As an AI model I see a red circle.", "refused"),
        ('A sign that reads "I\'m sorry, I cannot" in red.', None),
        ("A red circle and " + "a blue star and " * 20, "repetitive"),
    ],
)
def test_what_is_no_caption_is_rejected_by_its_cause(text: str, reason: str | None) -> None:
    assert _reason(text) == reason


def test_a_caption_at_the_token_limit_is_cut_off() -> None:
    assert _reason("A red circle and a blue", finish="length") == "cut_off"


def test_a_loop_that_ran_into_the_limit_is_called_repetitive() -> None:
    assert _reason("a blue star and " * 60, finish="length") == "repetitive"


def test_a_filtered_caption_is_refused() -> None:
    assert _reason("A red circle on", finish="content_filter") == "refused"


def test_a_prompt_without_room_for_an_answer_says_so() -> None:
    rejected = judge(Completion("", 500, 0, "length"), CLEAN(""), POLICY)

    assert rejected is not None
    assert rejected.reason == "cut_off"
    assert "no room" in rejected.detail


def test_a_rejection_carries_its_numbers_and_none_of_the_caption() -> None:
    text = "Velmoton " * 50
    rejected = judge(Completion(text, 20, 50, "stop"), CLEAN(text), POLICY)

    assert rejected is not None
    assert rejected.scores["words"] == 50
    assert rejected.scores["completion_tokens"] == 50
    assert rejected.scores["repetition"] == pytest.approx(46 / 47)
    assert "Velmoton" not in rejected.detail


@pytest.mark.parametrize(
    ("text", "share"), [("", 0), ("one two", 0), ("a b c d e f", 0), ("a b c a b c", 0.25)]
)
def test_repetition_is_the_share_of_ngrams_seen_before(text: str, share: float) -> None:
    assert repeated(text, ngram=3) == share


@given(st.text(), st.integers(min_value=2, max_value=6))
def test_repetition_is_a_share(text: str, ngram: int) -> None:
    assert 0 <= repeated(text, ngram=ngram) < 1


@pytest.mark.parametrize("prompt", captions.prompts())
def test_perfect_captions_of_the_demo_world_are_kept(prompt: str) -> None:
    assert all(
        _reason(captions.say(scene(seed), prompt, closing=True)) is None for seed in range(300)
    )
