from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelprose.metadata_annotator.masking import LINE_BREAK, mask, mask_lines
from pixelprose.metadata_annotator.policy import PiiRule
from pixelprose.metadata_annotator.ports import Finding

RULES: Mapping[str, PiiRule] = {
    "PHONE_NUMBER": PiiRule(action="mask", minimum_score=0.4),
    "US_SSN": PiiRule(action="mask", minimum_score=0.4),
    "EMAIL_ADDRESS": PiiRule(action="mask", minimum_score=0.4),
    "PERSON": PiiRule(action="keep", minimum_score=0.5),
}


def found(text: str, part: str, kind: str, score: float = 0.9) -> Finding:
    return Finding(kind, text.index(part), text.index(part) + len(part), score)


def test_what_must_go_becomes_its_type_and_the_span_says_where() -> None:
    text = "Call 555-0187 now"
    masked = mask(text, [found(text, "555-0187", "PHONE_NUMBER", 0.4)], RULES)
    assert masked.text == "Call <PHONE_NUMBER> now"
    (span,) = masked.pii
    assert masked.text[span.start : span.end] == "<PHONE_NUMBER>"
    assert (span.type, span.score, span.action) == ("PHONE_NUMBER", 0.4, "masked")


def test_a_kept_name_stays_and_its_span_counts_in_the_masked_text() -> None:
    text = "555-0187: ask for Ada Moss"
    findings = [found(text, "Ada Moss", "PERSON"), found(text, "555-0187", "PHONE_NUMBER")]
    masked = mask(text, findings, RULES)
    assert masked.text == "<PHONE_NUMBER>: ask for Ada Moss"
    assert [masked.text[s.start : s.end] for s in masked.pii] == ["<PHONE_NUMBER>", "Ada Moss"]
    assert [s.action for s in masked.pii] == ["masked", "kept"]


def test_findings_below_their_rule_and_types_without_one_do_not_count() -> None:
    text = "123456789 and 10.0.0.1"
    unsure = found(text, "123456789", "US_SSN", 0.05)
    unknown = found(text, "10.0.0.1", "IP_ADDRESS")
    assert mask(text, [unsure, unknown], RULES).text == text


def test_overlapping_findings_are_masked_as_a_whole_and_named_after_the_surest() -> None:
    text = "number 078-05-1121-99"
    ssn, phone = found(text, "078-05-1121", "US_SSN", 0.85), found(text, "1121-99", "PHONE_NUMBER")
    masked = mask(text, [phone, ssn], RULES)
    assert masked.text == "number <PHONE_NUMBER>"
    assert len(masked.pii) == 1


def test_findings_that_only_touch_stay_two() -> None:
    text = "555-0187a@b.cd"
    findings = [found(text, "555-0187", "PHONE_NUMBER"), found(text, "a@b.cd", "EMAIL_ADDRESS")]
    assert mask(text, findings, RULES).text == "<PHONE_NUMBER><EMAIL_ADDRESS>"


def test_a_name_inside_an_address_goes_with_it() -> None:
    text = "mail ada@example.org"
    findings = [found(text, "ada", "PERSON", 1.0), found(text, "ada@example.org", "EMAIL_ADDRESS")]
    masked = mask(text, findings, RULES)
    assert masked.text == "mail <EMAIL_ADDRESS>"
    assert [span.type for span in masked.pii] == ["EMAIL_ADDRESS"]


def test_of_two_names_in_one_place_the_surer_is_named() -> None:
    text = "Ada Moss"
    masked = mask(text, [Finding("PERSON", 0, 3, 0.6), Finding("PERSON", 0, 8, 0.9)], RULES)
    assert [(span.start, span.end) for span in masked.pii] == [(0, 8)]


def test_lines_are_masked_each_for_itself() -> None:
    lines = ["SALE", "555-0187", "Ada Moss"]
    joined = LINE_BREAK.join(lines)
    findings = [found(joined, "555-0187", "PHONE_NUMBER"), found(joined, "Ada Moss", "PERSON")]
    assert mask_lines(lines, findings, RULES) == ("SALE", "<PHONE_NUMBER>", "Ada Moss")


@pytest.mark.parametrize("start", [3, 4])
def test_a_number_over_two_lines_is_masked_in_both(start: int) -> None:
    findings = [Finding("PHONE_NUMBER", start, 12, 0.9)]
    expected = {3: ("555<PHONE_NUMBER>", "<PHONE_NUMBER>7 x"), 4: ("555-", "<PHONE_NUMBER>7 x")}
    lines = ["555-", "", "0187 555", "x"]
    assert LINE_BREAK.join(lines)[3:12] == "-\n\n0187 5"
    masked = mask_lines(lines, findings, RULES)
    assert masked[0] == expected[start][0]
    assert masked[1:] == ("", "<PHONE_NUMBER>55", "x")


def test_no_lines_are_no_lines() -> None:
    assert mask_lines([], [], RULES) == ()


@st.composite
def texts_with_findings(draw: st.DrawFn) -> tuple[str, Sequence[Finding]]:
    text = draw(st.text(alphabet="abc \n<>", max_size=30))
    at = st.integers(0, len(text))
    findings = draw(
        st.lists(
            st.builds(
                lambda kind, a, b, score: Finding(kind, min(a, b), max(a, b), score),
                st.sampled_from(sorted(RULES)),
                at,
                at,
                st.floats(0, 1),
            ).filter(lambda f: f.start < f.end),
            max_size=6,
        )
    )
    return text, findings


@settings(deadline=None)
@given(texts_with_findings())
def test_spans_are_in_order_apart_and_point_at_what_they_say(
    case: tuple[str, Sequence[Finding]],
) -> None:
    text, findings = case
    masked = mask(text, findings, RULES)
    ends = [0, *(span.end for span in masked.pii)]
    for span, end in zip(masked.pii, ends, strict=False):
        assert end <= span.start < span.end <= len(masked.text)
        if span.action == "masked":
            assert masked.text[span.start : span.end] == f"<{span.type}>"


@settings(deadline=None)
@given(texts_with_findings())
def test_every_character_that_must_go_is_gone_and_all_others_stay(
    case: tuple[str, Sequence[Finding]],
) -> None:
    text, findings = case
    gone = {
        at
        for f in findings
        if RULES[f.type].action == "mask" and f.score >= RULES[f.type].minimum_score
        for at in range(f.start, f.end)
    }
    masked = mask(text, findings, RULES)
    shown, at = [], 0
    for span in (span for span in masked.pii if span.action == "masked"):
        shown.append(masked.text[at : span.start])
        at = span.end
    shown.append(masked.text[at:])
    assert "".join(shown) == "".join(c for i, c in enumerate(text) if i not in gone)


@settings(deadline=None)
@given(texts_with_findings())
def test_lines_are_masked_as_their_text_is(case: tuple[str, Sequence[Finding]]) -> None:
    text, findings = case
    lines = mask_lines(text.split(LINE_BREAK), findings, RULES)
    assert len(lines) == len(text.split(LINE_BREAK))
    if not any(LINE_BREAK in text[f.start : f.end] for f in findings):
        assert LINE_BREAK.join(lines) == mask(text, findings, RULES).text
