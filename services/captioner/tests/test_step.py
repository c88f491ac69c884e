from collections.abc import Callable, Iterator, Sequence
from itertools import count

import pytest

from pixelprose.captioner.policy import Policy
from pixelprose.captioner.port import BrokenImage, Completion
from pixelprose.captioner.selection import read_selection
from pixelprose.captioner.step import CaptionStep
from pixelprose.captioner.testing import (
    MODEL,
    NOON,
    FakeCaptioner,
    annotated,
    jpeg,
    revised,
)
from pixelprose.objectstore import (
    MemoryStore,
    StoreRefused,
    StoreUnavailable,
    image_rendition,
)
from pixelprose.records import (
    Caption,
    CaptionGenerated,
    ImageAnnotated,
    Sampling,
    policy_hash,
    row_id,
)
from pixelprose.streamkit import DeadLetter, Emit, ExitCode, Outcome, Reject, Stop, Unavailable

Make = Callable[..., CaptionStep]


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def captioner() -> FakeCaptioner:
    return FakeCaptioner()


@pytest.fixture
def make(store: MemoryStore, captioner: FakeCaptioner) -> Make:
    def make_step(policies: Sequence[Policy] = (revised(),)) -> CaptionStep:
        seconds: Iterator[int] = count()
        return CaptionStep(
            selection=read_selection("selection"),
            policies=policies,
            store=store,
            captioner=captioner,
            clock=lambda: float(next(seconds)),
            now=lambda: NOON,
        )

    return make_step


def _stored(store: MemoryStore, image: ImageAnnotated, *, shade: int = 200) -> bytes:
    data = jpeg((shade, 0, 0))
    store.put(image_rendition(image.image.sha256), data, content_type="image/jpeg")
    return data


def _captions(outcome: Outcome[CaptionGenerated]) -> list[Caption]:
    assert isinstance(outcome, Emit)
    return [record.caption for record in outcome.records]


def test_a_caption_says_all_of_how_it_was_made(make: Make, store: MemoryStore) -> None:
    image = annotated()
    _stored(store, image)
    policy = revised(hint__probability=1, absent__probability=1)
    prompt = policy.prompts[0]
    policy = policy.model_copy(update={"prompts": (prompt,)})
    selection = read_selection("selection")

    [outcome] = make([policy])([image])

    assert outcome == Emit(
        (
            CaptionGenerated(
                submission=image.submission,
                rights=image.rights,
                fetch=image.fetch,
                image=image.image,
                screening=image.screening,
                signals=image.signals,
                caption=Caption(
                    row_id=row_id(image.image.sha256, policy.hash, MODEL),
                    text="a red circle.",
                    absent=(),
                    kind="dense",
                    language="en",
                    policy="pixelprose/1",
                    policy_hash=policy_hash(policy.model_dump(mode="json")),
                    selection="default/1",
                    selection_hash=selection.hash,
                    prompt_id="plain",
                    prompt=(
                        f'{prompt.text} Its publisher wrote: "Taj Mahal". Use that for names '
                        f"only. {policy.absent.text}"
                    ),
                    hint_used=True,
                    absent_requested=True,
                    model=MODEL,
                    engine="fake",
                    sampling=Sampling(temperature=0.0, top_p=1.0, max_tokens=256, seed=0),
                    prompt_tokens=20,
                    completion_tokens=9,
                    finish_reason="stop",
                    generated_at=NOON,
                    seconds=1.0,
                ),
                raw="This image displays: a red circle.",
            ),
        )
    )


def test_outcomes_come_in_the_order_of_the_images(
    make: Make, store: MemoryStore, captioner: FakeCaptioner
) -> None:
    images = [
        annotated("first"),
        annotated("poor", aesthetic=1.0),
        annotated("missing"),
        annotated("silent"),
        annotated("last"),
    ]
    _stored(store, images[0], shade=10)
    silent = _stored(store, images[3], shade=100)
    _stored(store, images[4], shade=200)
    captioner.says[silent] = Completion("", 20, 1, "stop")

    outcomes = make()(images)

    kinds = [
        outcome.reason if isinstance(outcome, Reject) else type(outcome) for outcome in outcomes
    ]
    assert kinds == [Emit, "not_selected", "image_missing", "empty_caption", Emit]
    shas = [outcome.records[0].image.sha256 for outcome in outcomes if isinstance(outcome, Emit)]
    assert shas == [images[0].image.sha256, images[4].image.sha256]


def test_nothing_is_asked_about_images_that_are_not_selected(
    make: Make, captioner: FakeCaptioner
) -> None:
    captioner.error = RuntimeError("must not be called")

    [outcome] = make()([annotated(watermark=0.99)])

    assert isinstance(outcome, Reject)


def test_each_policy_gives_one_caption_and_an_image_s_questions_are_neighbours(
    make: Make, store: MemoryStore, captioner: FakeCaptioner
) -> None:
    policies = [revised(), revised(version=2), revised(version=3)]
    images = [annotated("a"), annotated("b")]
    data = [_stored(store, image, shade=at) for at, image in enumerate(images)]

    outcomes = make(policies)(images)

    for outcome in outcomes:
        captions = _captions(outcome)
        assert [caption.policy for caption in captions] == [f"pixelprose/{v}" for v in (1, 2, 3)]
        assert len({caption.row_id for caption in captions}) == 3
    assert [request.image for request in captioner.requests] == [data[0]] * 3 + [data[1]] * 3


def test_a_batch_s_wall_time_is_shared_among_its_captions(make: Make, store: MemoryStore) -> None:
    images = [annotated("a"), annotated("b"), annotated("c"), annotated("d")]
    for image in images:
        _stored(store, image)

    outcomes = make()(images)

    assert [_captions(outcome)[0].seconds for outcome in outcomes] == [0.25] * 4


def test_what_other_policies_made_goes_out_beside_a_rejection(
    make: Make, store: MemoryStore
) -> None:
    image = annotated()
    _stored(store, image)
    strict = revised(name="strict", limits__minimum_words=50)

    [outcome] = make([revised(), strict])([image])

    assert isinstance(outcome, Reject)
    assert outcome.reason == "empty_caption"
    assert "policy strict/1" in outcome.detail
    assert [record.caption.policy for record in outcome.also] == ["pixelprose/1"]


def test_a_rejection_names_every_policy_that_failed(
    make: Make, store: MemoryStore, captioner: FakeCaptioner
) -> None:
    image = annotated()
    captioner.says[_stored(store, image)] = Completion("I cannot.", 20, 3, "stop")

    [outcome] = make([revised(), revised(version=2)])([image])

    assert isinstance(outcome, Reject)
    assert outcome.also == ()
    assert "pixelprose/1" in outcome.detail
    assert "pixelprose/2" in outcome.detail


def test_a_store_that_does_not_answer_is_waited_for(make: Make, store: MemoryStore) -> None:
    store.fail_next("get", StoreUnavailable("timed out"))

    with pytest.raises(Unavailable, match="store: timed out"):
        make()([annotated()])


def test_a_store_that_refuses_us_stops_the_service(make: Make, store: MemoryStore) -> None:
    store.fail_next("get", StoreRefused("access denied"))

    with pytest.raises(Stop, match="access denied") as stopped:
        make()([annotated()])

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


def test_a_model_that_does_not_answer_is_waited_for(
    make: Make, store: MemoryStore, captioner: FakeCaptioner
) -> None:
    image = annotated()
    _stored(store, image)
    captioner.error = Unavailable("model")

    with pytest.raises(Unavailable, match="model"):
        make()([image])


def test_a_broken_rendition_is_a_dead_letter_once_it_is_alone(
    make: Make, store: MemoryStore, captioner: FakeCaptioner
) -> None:
    images = [annotated("a"), annotated("b")]
    for image in images:
        _stored(store, image)
    captioner.error = BrokenImage("cannot identify image file")

    with pytest.raises(BrokenImage):
        make()(images)

    assert make()(images[:1]) == [DeadLetter("broken_rendition", "cannot identify image file")]
