import dataclasses
import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.demoworld import HELDOUT_FROM, lexicon, render, scene, unsafe_scene

SEEDS = st.integers(0, 2 * HELDOUT_FROM - 1)


@given(SEEDS)
def test_a_scene_follows_from_its_seed_alone(seed: int) -> None:
    assert scene(seed) == scene(seed)


@given(SEEDS)
def test_a_scene_has_one_to_four_things_each_alone_in_its_place(seed: int) -> None:
    places = [thing.place for thing in scene(seed).things]
    assert 1 <= len(places) <= 4
    assert len(set(places)) == len(places)


@given(SEEDS)
def test_nothing_stands_where_the_lettering_is(seed: int) -> None:
    described = scene(seed)
    if described.lettering:
        assert not any(thing.place.startswith("bottom") for thing in described.things)


@given(st.integers(0, HELDOUT_FROM - 1))
def test_training_seeds_never_draw_what_is_held_out(seed: int) -> None:
    described = scene(seed)
    if described.lettering:
        kind = described.lettering.kind
        assert described.lettering.text in lexicon.printed(kind, "train")
        assert described.lettering.font in lexicon.fonts("train")
    if described.watermark:
        assert described.watermark.style in lexicon.watermark_styles("train")
    assert described.alt.title is None or described.alt.title in TRAIN_NAMES


TRAIN_NAMES = frozenset(lexicon.names("train"))


def test_evaluation_seeds_draw_both_what_is_held_out_and_what_is_not() -> None:
    scenes = [scene(HELDOUT_FROM + seed) for seed in range(400)]
    texts = {s.lettering.text for s in scenes if s.lettering and s.lettering.kind == "word"}
    titles = {s.alt.title for s in scenes if s.alt.title}
    fonts = {s.lettering.font for s in scenes if s.lettering}
    marks = {s.watermark.style for s in scenes if s.watermark}
    for split in lexicon.SPLITS:
        assert texts.intersection(lexicon.printed("word", split))
        assert fonts.issuperset(lexicon.fonts(split))
        assert marks.issuperset(lexicon.watermark_styles(split))
        assert titles.intersection(lexicon.names(split))


def test_the_splits_share_nothing() -> None:
    for kind in lexicon.LETTERING_KINDS:
        assert not set(lexicon.printed(kind, "train")) & set(lexicon.printed(kind, "heldout"))
    assert not set(lexicon.fonts("train")) & set(lexicon.fonts("heldout"))
    styles = [set(lexicon.watermark_styles(split)) for split in lexicon.SPLITS]
    assert not set.intersection(*styles)
    assert not TRAIN_NAMES & set(lexicon.names("heldout"))


@pytest.mark.parametrize("seed", [-1, 2 * HELDOUT_FROM])
def test_a_seed_outside_of_the_world_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="a seed is in"):
        scene(seed)


def test_seeds_give_distinct_scenes() -> None:
    drawn = {dataclasses.replace(scene(seed), seed=0) for seed in range(2000)}
    assert len(drawn) == 2000


def test_the_seeds_draw_more_than_a_billion_distinct_scenes() -> None:
    """Counted over the wordless scenes of four things alone, without looking at their quality."""
    kinds = len(lexicon.SHAPES) * len(lexicon.COLOURS) * len(lexicon.SIZES)
    grounds = len(lexicon.BACKGROUNDS) * len(lexicon.STYLES)
    space = math.comb(len(lexicon.PLACES), 4) * kinds**4 * grounds
    drawn = [scene(seed) for seed in range(2000)]
    share = sum(len(s.things) == 4 and s.lettering is None for s in drawn) / len(drawn)
    seeds = share * 2 * HELDOUT_FROM
    # Of `space` equally likely scenes, so many draws hit this many at least once.
    distinct = space * -math.expm1(-seeds / space)
    assert space > 8e10
    assert distinct > 1e9


def test_only_the_unsafe_scene_is_unsafe() -> None:
    assert not any(scene(seed).unsafe for seed in range(200))
    assert unsafe_scene(7) == dataclasses.replace(scene(7), unsafe=True)


PIXELS = {
    (1, 64): "dc3e4127201ee5c0",
    (2, 96): "863322364824ca2e",
    (4, 256): "ecc52c2934de2f1c",
    (8, 400): "3386144b7c65e025",
    (HELDOUT_FROM + 5, 96): "708d5769625f24c5",
}


@pytest.mark.parametrize(("seed", "size"), PIXELS)
def test_pixels_are_the_same_on_every_machine(seed: int, size: int) -> None:
    pixels = render(scene(seed), size=size).tobytes()
    assert hashlib.sha256(pixels).hexdigest()[:16] == PIXELS[seed, size]
