"""Personal data that a policy keeps is still masked on a page that people pass on."""

from pixelprose.report.cards import card
from pixelprose.report.masking import masked, personal_boxes, without
from pixelprose.report.pictures import MISSING
from pixelprose.report.rows import Span, Word
from pixelprose.report.testing import a_row

ALT = "Odile at <PHONE_NUMBER>, with Jean"
SPANS = (
    Span(type="PERSON", start=0, end=5, action="kept"),
    Span(type="PHONE_NUMBER", start=9, end=23, action="masked"),
    Span(type="PERSON", start=30, end=34, action="kept"),
)


def test_kept_spans_are_masked_and_masked_ones_stay_as_they_are() -> None:
    assert masked(ALT, SPANS) == "<PERSON> at <PHONE_NUMBER>, with <PERSON>"


def test_spans_outside_of_the_text_are_passed_over() -> None:
    assert masked("short", [Span(type="PERSON", start=2, end=90, action="kept")]) == "short"


def test_a_prompt_that_quotes_the_alt_text_is_masked_too() -> None:
    prompt = f'Describe it. Its publisher wrote: "{ALT}".'
    found = without(prompt, ALT, SPANS)
    assert "Odile" not in found
    assert "Jean" not in found


def test_only_words_that_the_row_holds_masked_are_covered() -> None:
    box = (0.1, 0.2, 0.3, 0.4)
    words = [Word(text="a <b> c", box=(0, 0, 1, 1)), Word(text="<EMAIL_ADDRESS>", box=box)]
    assert personal_boxes(words) == [box]


def test_nothing_personal_is_on_a_card() -> None:
    span = {"type": "PERSON", "start": 0, "end": 5, "action": "kept", "score": 0.9}
    row = a_row(
        1,
        caption__text="Odile on a boat.",
        caption__prompt="Hint: Odile at sea",
        annotation__pii=[span],
        source__alt_text="Odile at sea",
        signals__alt_text={"language": "en", "toxicity": None, "pii": [span]},
        source__fields={"author": "Odile"},
    )
    assert "Odile" not in repr(card(1, row, MISSING))
