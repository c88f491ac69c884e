"""tdmrep.json as in the final report of its community group, and as publishers get it wrong."""

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from pixelprose.ingester.manners.judging import PIECE_STEPS
from pixelprose.ingester.manners.tdm_file import MOST_RULES, read_tdm_file
from pixelprose.ingester.url import canonical


def rule(location: object, reservation: object = 1, **more: object) -> dict[str, object]:
    return {"location": location, "tdm-reservation": reservation} | more


def said(data: bytes | list[dict[str, object]], url: str) -> str | None:
    """The reservation for this URL, spelled as the fetcher spells it."""
    spelled = canonical(f"https://provider.com{url}")
    assert isinstance(spelled, URL)
    file = read_tdm_file(data if isinstance(data, bytes) else json.dumps(data).encode())
    found = file.of(spelled)
    return None if found is None else found.reservation


@pytest.mark.parametrize(
    ("location", "url", "match"),
    [
        *(("/", "/a.jpg", True), ("/", "/", True), ("/a/", "/a/b.jpg", True)),
        *(("/a/", "/A/b.jpg", False), ("/a/", "/b/a/", False), ("/a", "/ab", True)),
        *(("/i/*.jpg", "/i/x/y.jpg", True), ("/i/*.jpg", "/i/y.png", False)),
        *(("/i/*.jpg", "/i/y.jpg.html", True), ("/i/*.jpg$", "/i/y.jpg.html", False)),
        *(("/i/*.jpg$", "/i/y.jpg", True), ("/*.jpg$", "/y.jpg?width=9", True)),
        *(("/*?width=", "/y.jpg?width=9", True), ("*/y", "/x/y", True)),
        *(("/a$", "/a", True), ("/a$", "/ab", False), ("/a*$", "/abc", True)),
        *(("/ab*bc$", "/abc", False), ("/ab*bc$", "/abbc", True), ("/a*b*b$", "/ab", False)),
        *(("/path/foo-%24", "/path/foo-$", True), ("/caf%C3%A9/", "/caf\u00e9/a.jpg", True)),
        *(("/caf\u00e9/", "/caf%C3%A9/a.jpg", True), ("/%7Ea/", "/~a/", True)),
        *(("images/", "/images/a.jpg", True), ("", "/a", True)),
    ],
)
def test_a_location_is_a_pattern_of_paths(location: str, url: str, *, match: bool) -> None:
    assert (said([rule(location)], url) == "1") == match


def test_the_first_match_counts() -> None:
    rules = [rule("/free/", 0), rule("/"), rule("/free/more/")]
    assert said(rules, "/free/more/a.jpg") == "0"
    assert said(rules, "/a.jpg") == "1"


def test_where_nothing_matches_nothing_is_said() -> None:
    assert said([rule("/a/")], "/b/a.jpg") is None
    assert said([], "/") is None


def test_a_policy_comes_with_its_rule() -> None:
    data = json.dumps([rule("/", **{"tdm-policy": "https://provider.com/p.json"})]).encode()
    found = read_tdm_file(data).of(URL("https://provider.com/"))
    assert found is not None
    assert found.policy == "https://provider.com/p.json"


@pytest.mark.parametrize("data", [b'{"tdm-reservation": 1}', b'[{"tdm-reservation": "1"}]'])
def test_what_is_meant_is_read(data: bytes) -> None:
    assert said(b"\xef\xbb\xbf " + data, "/a.jpg") == "1"


@pytest.mark.parametrize(
    "bad",
    [
        *(rule("/", 2), rule("/", -1), rule("/", None), rule("/", [1]), rule(7), rule(None)),
        *({"location": "/"}, {}, rule("/", "yes"), rule("/", 1.5), rule("/", 10**30)),
    ],
)
def test_one_bad_rule_is_left_out_alone(bad: dict[str, object]) -> None:
    assert said([bad, rule("/a/", 0)], "/a/b") == "0"


def test_rules_are_bounded() -> None:
    many = [rule(f"/{number}/") for number in range(MOST_RULES + 1)]
    assert said(many, f"/{MOST_RULES - 1}/") == "1"
    assert said(many, f"/{MOST_RULES}/") is None


@given(st.binary(max_size=300))
@example(b"[" * 200_000)
@example(b'[{"tdm-reservation": 1, "location": ' + b"[" * 200_000)
@example(b'[{"tdm-reservation": 1, "location": "\xff"}]')
def test_any_bytes_are_a_file_that_says_something_or_nothing(data: bytes) -> None:
    assert said(data, "/a") in {None, "0", "1"}


@given(
    st.lists(st.sampled_from(["/", "a", "b", "*", "$", "ab", "%24"]), max_size=8).map("".join),
    st.text("ab/", max_size=10),
)
def test_a_pattern_matches_as_a_regular_expression_would(location: str, path: str) -> None:
    body = "/" + location if not location.startswith(("/", "*")) else location
    anchored = body.endswith("$")
    pieces = [re.escape(unquote(piece)) for piece in body.removesuffix("$").split("*")]
    expected = re.match(".*".join(pieces) + ("$" if anchored else ""), "/" + path) is not None
    assert (said([rule(location)], "/" + path) == "1") == expected


def test_steps_are_counted_for_every_rule_and_both_spellings_of_the_path() -> None:
    rules = [{"location": "/*a*b", "tdm-reservation": 0}, {"location": "/c", "tdm-reservation": 1}]
    file = read_tdm_file(json.dumps(rules).encode())
    assert file.steps(URL("https://example.com/" + "a" * 99)) == 2 * (4 * PIECE_STEPS + 100)
