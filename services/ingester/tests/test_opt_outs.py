from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.ingester.manners import load_policy
from pixelprose.ingester.manners.opt_outs import refused_by_headers
from pixelprose.ingester.manners.retry_after import LONGEST_SECONDS, seconds_of

POLICY = load_policy("consent")
TOKEN = "PixelProseStream"
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def out(*headers: tuple[str, str]) -> str | None:
    refusal = refused_by_headers(headers, POLICY, token=TOKEN)
    if refusal is None:
        return None
    assert refusal.reason == "opted_out"
    return refusal.detail


@pytest.mark.parametrize(
    "value",
    [
        "noai",
        "NoAI",
        "noarchive, noimageai",
        "noindex",
        "nofollow,noimageindex",
        "none",
        "pixelprosestream: noai",
        "GPTBot: noindex",
        "otherbot: nofollow, PixelProseStream: noai",
        "unavailable_after: 25 Jun 2010 15:00:00 PST, noai",
        "max-snippet:0, noai",
    ],
)
def test_a_tag_for_all_or_for_us_or_for_collectors_opts_out(value: str) -> None:
    assert out(("X-Robots-Tag", value)) == f"X-Robots-Tag: {value} (pixelprose-consent/1)"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "all",
        "nofollow",
        "noarchive",
        "noaircraft",
        "googlebot: noindex",
        "googlebot: nofollow, noindex",
        "unavailable_after: noai",
    ],
)
def test_a_tag_for_others_or_about_something_else_does_not(value: str) -> None:
    assert out(("x-robots-tag", value)) is None


def test_one_header_of_several_is_enough() -> None:
    assert out(("X-Robots-Tag", "googlebot: noindex"), ("X-Robots-Tag", "noimageai"))


@pytest.mark.parametrize(("value", "opts_out"), [("1", True), (" 1 ", True), ("0", False)])
def test_a_tdm_reservation_opts_out(value: str, *, opts_out: bool) -> None:
    assert (out(("tdm-reservation", value)) is not None) is opts_out
    assert out(("TDM-Policy", "https://example.com/policy.json")) is None


@pytest.mark.parametrize(
    ("value", "opts_out"),
    [
        ("train-ai=n", True),
        ("search=y, train-ai=n", True),
        ("train-ai=n;x=1", True),
        ("Train-AI = N", True),
        ("train-ai=y", False),
        ("train-ai=n, train-ai=y", False),
        ("search=n", False),
        ("train-ai", False),
        ("n", False),
    ],
)
def test_a_usage_preference_opts_out(value: str, *, opts_out: bool) -> None:
    assert (out(("Content-Usage", value)) is not None) is opts_out


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["X-Robots-Tag", "tdm-reservation", "Content-Usage", "Server"]),
            st.binary(max_size=60).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
        )
    )
)
def test_no_header_breaks_the_judge(headers: list[tuple[str, str]]) -> None:
    detail = out(*headers)
    assert detail is None or detail.encode()


@given(st.text(alphabet="abcnoi-,:; =", max_size=40))
def test_noai_opts_out_beside_anything_that_names_no_agent(other: str) -> None:
    assert out(("X-Robots-Tag", f"noai, {other}"))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("9" * 400, LONGEST_SECONDS),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=9), usegmt=True), 0.0),
        ("Sun, 01 Nov 2026 00:01:00", 60.0),
        ("-1", None),
        ("soon", None),
        ("1.5", None),
        ("\u0661", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert seconds_of(value, now=NOW) == seconds


@given(st.text())
def test_no_retry_after_breaks_or_exceeds_a_day(value: str) -> None:
    seconds = seconds_of(value, now=NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_SECONDS
