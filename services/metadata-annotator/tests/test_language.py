import pytest

from pixelprose.metadata_annotator.language import LangidGuesser, load_language


@pytest.fixture(scope="module")
def guesser() -> LangidGuesser:
    return load_language()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a picture of a small dog in the park", "en"),
        ("Ein rotes Haus am See", "de"),
        ("une maison rouge au bord du lac", "fr"),
        ("日本の家", "ja"),
    ],
)
def test_short_texts_are_recognised(guesser: LangidGuesser, text: str, language: str) -> None:
    guess = guesser.guess(text)
    assert guess.language == language
    assert 0.3 < guess.score <= 1


@pytest.mark.parametrize("text", ["IMG_0023.JPG", "", "12345", "\ud800"])
def test_what_is_no_language_gets_a_low_score(guesser: LangidGuesser, text: str) -> None:
    assert guesser.guess(text).score < 0.3


def test_its_model_is_the_one_in_the_wheel(guesser: LangidGuesser) -> None:
    assert guesser.model.revision.startswith("sha256:")
    assert guesser.model.library.startswith("py3langid ")
