import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.demoworld import HELDOUT_FROM, scene
from pixelprose.demoworld.captions import OPENING, parse, prompts, say
from pixelprose.demoworld.truth import absent

SEEDS = st.integers(0, 2 * HELDOUT_FROM - 1)


@given(SEEDS, st.sampled_from(prompts()), st.booleans(), st.sampled_from([None, "Velmoton"]))
def test_what_is_said_can_be_read_back(
    seed: int,
    prompt: str,
    closing: bool,  # noqa: FBT001 - drawn by Hypothesis
    title: str | None,
) -> None:
    described = scene(seed)
    said = parse(say(described, prompt, title=title, closing=closing))
    assert said.prompt == prompt
    assert said.things == described.things
    assert said.count == len(described.things)
    assert said.background == described.background
    assert said.style == described.style
    assert said.lettering == (described.lettering.text if described.lettering else None)
    assert said.title == title
    assert said.absent == (absent(described) if closing else ())


@given(SEEDS)
def test_each_prompt_says_the_same_scene_in_its_own_words(seed: int) -> None:
    captions = [say(scene(seed), prompt) for prompt in prompts()]
    assert all(caption.startswith(OPENING) for caption in captions)
    assert all(left != right for left, right in itertools.combinations(captions, 2))


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert parse(text).count in {None, *range(10)}


def test_a_prompt_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        say(scene(1), "poet")
