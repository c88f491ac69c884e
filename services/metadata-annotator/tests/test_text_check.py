import pytest

from pixelprose.metadata_annotator.text_check import check_text, quotes
from pixelprose.records import TextCheck


def check(caption: str, *words: str) -> TextCheck:
    return check_text(quotes(caption), words, minimum_similarity=0.8)


@pytest.mark.parametrize(
    "caption", ['It reads "SALE".', "It reads “SALE”.", "It reads „SALE“.", "It reads «SALE»."]
)
def test_double_quotes_of_any_shape_count(caption: str) -> None:
    assert quotes(caption) == ("SALE",)


def test_apostrophes_are_no_quotes() -> None:
    assert quotes("The dog's bowl isn't 'here'.") == ()


def test_a_caption_can_not_quote_without_end() -> None:
    assert len(quotes('"a" ' * 1000)) == 100


def test_a_quoted_text_that_was_read_is_found() -> None:
    checked = check('It reads "Sale!".', "SALE")
    assert (checked.quoted, checked.found, checked.missing) == (1, 1, 0)
    assert checked.score == 1.0


def test_a_nearly_right_quote_is_found_with_a_lower_score() -> None:
    checked = check('It reads "MOUNTAIN".', "MOUNTAlN")
    assert checked.found == 1
    assert checked.score is not None
    assert 0.8 <= checked.score < 1


def test_an_invented_quote_is_not_found_and_the_text_is_missing() -> None:
    checked = check('It reads "OPEN".', "SALE")
    assert (checked.quoted, checked.found, checked.missing) == (1, 0, 1)


def test_a_quote_may_go_over_lines_and_a_line_may_hold_quotes() -> None:
    over = check('It reads "FRESH FISH".', "FRESH", "FISH")
    assert (over.found, over.missing) == (1, 0)
    within = check('"FRESH" and "FISH" are printed.', "FRESH FISH")
    assert (within.quoted, within.found, within.missing) == (2, 2, 0)


def test_a_single_letter_is_not_found_inside_a_word() -> None:
    assert check('It reads "A".', "SALAD").found == 0


def test_masked_texts_agree_since_both_sides_are_masked_alike() -> None:
    assert check('It reads "<PHONE_NUMBER>".', "<PHONE_NUMBER>").found == 1


def test_there_is_no_score_where_nothing_is_quoted_or_read() -> None:
    assert check("A red circle.", "SALE") == TextCheck(quoted=0, found=0, missing=1, score=None)
    assert check('It reads "SALE".') == TextCheck(quoted=1, found=0, missing=0, score=None)
    assert check('It reads "...".', "SALE").quoted == 0
