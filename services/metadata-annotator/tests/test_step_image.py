from collections.abc import Callable

import pytest

from pixelprose.metadata_annotator.policy import AnnotationPolicy
from pixelprose.metadata_annotator.step_image import AnnotateImages
from pixelprose.objectstore import MemoryStore, StoreRefused, StoreUnavailable, keys
from pixelprose.records import ImageAnnotated, ImageScreened
from pixelprose.streamkit import DeadLetter, Emit, Outcome, Reject, Stop, Unavailable

Screened = Callable[..., ImageScreened]
Step = Callable[..., AnnotateImages]
Put = Callable[..., None]


def emitted(outcome: Outcome[ImageAnnotated]) -> ImageAnnotated:
    assert isinstance(outcome, Emit)
    (record,) = outcome.records
    return record


def test_each_image_gets_its_own_signals(image_step: Step, screened: Screened, put: Put) -> None:
    good, poor = screened("a", alt_text="a picture"), screened("b")
    put(good, "red")
    put(poor, "blue")
    first, second = map(emitted, image_step("SALE")([good, poor]))
    assert first.signals.aesthetic > 9
    assert second.signals.aesthetic < 2
    assert (first.signals.watermark, second.signals.watermark) == ("watermark", "none")
    assert [word.text for word in first.signals.words] == ["SALE"]
    assert (first.image, second.image) == (good.image, poor.image)


def test_a_text_has_signals_and_an_empty_one_has_none(
    image_step: Step, screened: Screened, put: Put
) -> None:
    for digit in "abc":
        put(screened(digit))
    texts = [None, "you blorf", "  "]
    records = [screened(digit, alt_text=text) for digit, text in zip("abc", texts, strict=True)]
    none, rude, blank = [emitted(one) for one in image_step()(records)]
    assert rude.signals.alt_text.language == "en"
    assert rude.signals.alt_text.toxicity is not None
    assert rude.signals.alt_text.toxicity.insult == 0.9
    for record, text in ((none, None), (blank, "  ")):
        assert record.submission.alt_text == text
        assert record.signals.alt_text.language is None
        assert record.signals.alt_text.toxicity is None


def test_personal_data_of_the_alt_text_is_masked_and_names_are_kept(
    image_step: Step, screened: Screened, put: Put
) -> None:
    record = screened(alt_text="Ada Moss, 555-0187")
    put(record)
    annotated = emitted(image_step()([record])[0])
    assert annotated.submission.alt_text == "Ada Moss, <PHONE_NUMBER>"
    spans = annotated.signals.alt_text.pii
    assert [(span.type, span.action) for span in spans] == [
        ("PERSON", "kept"),
        ("PHONE_NUMBER", "masked"),
    ]


def test_personal_data_read_in_the_image_is_masked_too(
    image_step: Step, screened: Screened, put: Put
) -> None:
    record = screened()
    put(record)
    words = emitted(image_step("CALL", "555-0187")([record])[0]).signals.words
    assert [word.text for word in words] == ["CALL", "<PHONE_NUMBER>"]
    assert words[1].box == (0.1, 0.1, 0.9, 0.2)


def test_what_is_too_long_to_be_examined_is_not_published(
    image_step: Step, screened: Screened, put: Put, policy: AnnotationPolicy
) -> None:
    record = screened(alt_text="x" * policy.alt_text_characters + " 555-0187")
    put(record)
    text = emitted(image_step()([record])[0]).submission.alt_text
    assert text == "x" * policy.alt_text_characters


def test_an_image_that_is_gone_is_rejected_and_its_neighbours_are_not(
    image_step: Step, screened: Screened, put: Put
) -> None:
    gone, there = screened("a"), screened("b")
    put(there)
    rejected, other = image_step()([gone, there])
    assert isinstance(rejected, Reject)
    assert rejected.reason == "image_missing"
    assert emitted(other).image == there.image


def test_a_broken_rendition_is_a_dead_letter_and_its_neighbours_are_not(
    image_step: Step, screened: Screened, put: Put, store: MemoryStore
) -> None:
    broken, there = screened("a"), screened("b")
    store.put(keys.image_rendition(broken.image.sha256), b"GIF89a", content_type="image/gif")
    put(there)
    dead, other = image_step()([broken, there])
    assert isinstance(dead, DeadLetter)
    assert dead.reason == "broken_rendition"
    assert emitted(other).image == there.image


def test_a_store_that_does_not_answer_is_waited_for(
    image_step: Step, screened: Screened, store: MemoryStore
) -> None:
    store.fail_next("get", StoreUnavailable("no answer"))
    with pytest.raises(Unavailable, match="store"):
        image_step()([screened()])


def test_a_store_that_refuses_us_stops_the_service(
    image_step: Step, screened: Screened, store: MemoryStore
) -> None:
    store.fail_next("get", StoreRefused("access denied"))
    with pytest.raises(Stop, match="check the settings of `store`"):
        image_step()([screened()])
