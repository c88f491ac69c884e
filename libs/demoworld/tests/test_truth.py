import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from pixelprose.demoworld import HELDOUT_FROM, Watermark, alt_text, lexicon, scene, truth
from pixelprose.demoworld.truth import absent

SEEDS = st.integers(0, 2 * HELDOUT_FROM - 1)


@given(SEEDS)
def test_what_is_absent_is_nowhere_in_the_scene(seed: int) -> None:
    described = scene(seed)
    seen = {word for t in described.things for word in (t.shape, t.colour)} | {described.trim}
    assert not seen & set(absent(described))
    assert seen | set(absent(described)) >= {*lexicon.COLOURS, *lexicon.SHAPES}


@given(SEEDS)
def test_a_crisp_scene_hides_nothing(seed: int) -> None:
    facts = truth(dataclasses.replace(scene(seed), quality=0.9))
    assert facts.fully_visible
    assert facts.absent.visible
    assert facts.background.visible


@given(SEEDS)
def test_a_spoiled_scene_hides_everything(seed: int) -> None:
    facts = truth(dataclasses.replace(scene(seed), quality=0.1))
    assert not any(thing.visible for thing in facts.things)
    assert not facts.background.visible
    assert not facts.style.visible
    assert not facts.absent.visible


def test_small_things_are_hidden_before_large_ones() -> None:
    sizes = {
        (thing.value.size, thing.visible)
        for seed in range(100)
        for thing in truth(dataclasses.replace(scene(seed), quality=0.35)).things
    }
    assert sizes == {("large", True), ("small", False)}


def test_the_aesthetic_truth_runs_from_one_to_ten() -> None:
    assert truth(dataclasses.replace(scene(1), quality=0.0)).aesthetic == 1
    assert truth(dataclasses.replace(scene(1), quality=1.0)).aesthetic == 10


def test_a_watermark_outweighs_lettering() -> None:
    lettered = next(scene(seed) for seed in range(50) if scene(seed).lettering)
    plain = dataclasses.replace(lettered, watermark=None)
    marked = dataclasses.replace(lettered, watermark=Watermark("tiled", "STOCK"))
    bare = dataclasses.replace(plain, lettering=None)
    assert truth(plain).watermark == "text"
    assert truth(marked).watermark == "watermark"
    assert truth(bare).watermark == "none"


@given(SEEDS)
def test_a_title_stands_in_the_alt_text_and_only_in_useful_ones(seed: int) -> None:
    described = scene(seed)
    if described.alt.title:
        assert described.alt.kind == "useful"
        assert described.alt.title in alt_text(described)
    else:
        assert not NAMES.intersection(alt_text(described).replace(",", "").split())


NAMES = frozenset(lexicon.names("train")) | frozenset(lexicon.names("heldout"))


@given(SEEDS)
def test_a_wrong_alt_text_names_what_is_not_there(seed: int) -> None:
    described = dataclasses.replace(
        scene(seed), alt=dataclasses.replace(scene(seed).alt, kind="wrong", title=None)
    )
    there = {word for t in described.things for word in (t.shape, t.colour)}
    words = set(alt_text(described).split()) & {*lexicon.COLOURS, *lexicon.SHAPES}
    assert words
    assert not words & there
