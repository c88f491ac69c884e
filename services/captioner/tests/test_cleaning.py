import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.captioner.cleaning import CleanCaption, Cleaner
from pixelprose.captioner.testing import revised
from pixelprose.demoworld import HELDOUT_FROM, captions, scene, truth

POLICY = revised()
CLEAN = Cleaner(POLICY)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("This image displays: a red circle.", "a red circle."),
        ("this image displays a red circle.", "a red circle."),
        ("  THIS  IMAGE\ndisplays - a red circle.", "a red circle."),
        ("**This image displays:** a red circle.", "a red circle."),
        ('"This image displays:" a red circle.', "a red circle."),
        ('"This image displays: a red circle."', "a red circle."),
        ('This image displays: "STOP" on a sign.', '"STOP" on a sign.'),
        ("A circle. This image displays: more.", "A circle. This image displays: more."),
        ("This image displayed: a circle.", "This image displayed: a circle."),
    ],
)
def test_the_opening_goes_however_it_is_written(raw: str, text: str) -> None:
    assert CLEAN(raw).text == text


@pytest.mark.parametrize("raw", ["", "  \n", "This image displays:", '""'])
def test_nothing_is_left_of_nothing(raw: str) -> None:
    assert CLEAN(raw) == CleanCaption("", ())


def test_whitespace_is_tidied_to_one_line() -> None:
    assert CLEAN("A  red\tcircle.\n\nA second\u00a0paragraph.  ").text == (
        "A red circle. A second paragraph."
    )


@pytest.mark.parametrize(
    ("raw", "absent"),
    [
        ("A circle. Not shown: red, green, blue.", ("red", "green", "blue")),
        ("A circle.\nnot shown - a dog; the cat, and any birds", ("dog", "cat", "birds")),
        ("A circle. Not shown: There are no cars, people or trees!", ("cars", "people", "trees")),
        ("A circle. Not shown: a dog, a Dog, dogs.", ("dog", "dogs")),
        ("A circle. Not shown: nothing.", ()),
        ("A circle. Not shown:", ()),
        ("A circle.", ()),
    ],
)
def test_absent_things_are_taken_out_of_the_text(raw: str, absent: tuple[str, ...]) -> None:
    assert CLEAN(raw) == CleanCaption("A circle.", absent)


def test_what_follows_the_absent_sentence_stays() -> None:
    assert CLEAN("A circle. Not shown: a dog. It is flat.") == CleanCaption(
        "A circle. It is flat.", ("dog",)
    )


def test_absent_things_are_bounded() -> None:
    clean = Cleaner(revised(absent__max_items=2))

    assert clean("A circle. Not shown: a, b, c, d.").absent == ("a", "b")


@pytest.mark.parametrize(
    "leak",
    [
        "Its publisher wrote: Taj Mahal.",
        "Use that for names only, please.",
        "I will say how many and where.",
        "The alt text speaks of a Taj Mahal.",
        "You are a boring person who lists things.",
    ],
)
def test_sentences_about_the_request_go(leak: str) -> None:
    policy = revised(leaks__words=4)

    assert Cleaner(policy)(f"A circle. {leak} It is flat.").text == "A circle. It is flat."


def test_writing_with_full_stops_in_it_is_kept_as_it_is() -> None:
    text = 'A sign reads "GO. STOP. WAIT!" in red. Dr. Moss is not there.'

    assert CLEAN(text).text == text


@pytest.mark.parametrize("prompt", captions.prompts())
def test_perfect_captions_of_the_demo_world_lose_only_what_was_added(prompt: str) -> None:
    for seed in range(HELDOUT_FROM, HELDOUT_FROM + 300):
        described = scene(seed)
        plain = captions.say(described, prompt)
        cleaned = CLEAN(captions.say(described, prompt, closing=True))

        assert cleaned.text == plain.removeprefix("This image displays: ")
        assert set(cleaned.absent) == truth(described).absent.value


@given(st.text())
def test_cleaning_never_fails_and_leaves_one_tidy_line(raw: str) -> None:
    cleaned = CLEAN(raw)

    assert cleaned.text == " ".join(cleaned.text.split())
    assert len(cleaned.absent) <= POLICY.absent.max_items
