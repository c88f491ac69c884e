import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelprose.ingester.manners import load_policy
from pixelprose.ingester.manners.judging import MOST_STEPS, PIECE_STEPS
from pixelprose.ingester.manners.robots import (
    LONGEST_DELAY_SECONDS,
    MOST_SAID,
    Robots,
    read_robots,
)

POLICY = load_policy("consent")
TOKEN = "PixelProseStream"
US = "User-agent: PixelProseStream\n"
ALL = "User-agent: *\n"


def read(text: str) -> Robots:
    return read_robots(text.encode(), POLICY, token=TOKEN)


def shut(text: str, path: str = "/pictures/a.jpg") -> str | None:
    return read(text).refuses(f"https://example.com{path}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        ALL + "Disallow:\n",
        ALL + "Disallow: /private\n",
        ALL + "Disallow: /pictures\nAllow: /pictures/a\n",
        ALL + "Disallow: /pictures/a.jpg\nAllow: /pictures/a.jpg\n",
        ALL + "Disallow: /*.png$\n",
        ALL + "Disallow: /PICTURES\n",
        ALL + "Disallow: /\n" + US + "Allow: /\n",
        "User-agent: GPTBot\nDisallow: /\n" + US + "Disallow:\n",
        "User-agent: Googlebot\nDisallow: /\n",
        "User-agent: Pixel\nDisallow: /\n",
        "User-agent: PixelProseStreamOther\nDisallow: /\n",
        "User-agent: Google\nDisallow: /\n",
        "Disallow: /\n" + ALL + "Allow: /\n",
    ],
)
def test_what_is_not_shut_is_open(text: str) -> None:
    assert shut(text) is None


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (ALL + "Disallow: /\n", "*"),
        (ALL + "Disallow: /pictures/\n", "*"),
        (ALL + "Disallow: /*.jpg$\n", "*"),
        (ALL + "Disallow: /%70ictures\n", "*"),
        ("\ufeff" + ALL + "disallow:/ # all\r\n", "*"),
        (ALL + "\r\rDisallow: /\r", "*"),
        (US + "Disallow: /\n" + ALL + "Allow: /\n", "pixelprosestream"),
        ("USER-AGENT: pixelproseSTREAM/2.0\nDisallow: /\n", "pixelprosestream"),
        (US + ALL + "Disallow: /\n", "pixelprosestream"),
        (US + "Allow: /b\n\n" + ALL + "Allow: /\n" + US + "Disallow: /\n", "pixelprosestream"),
        ("User-agent: GPTBot\nDisallow: /\n" + ALL + "Allow: /\n", "gptbot"),
        ("User-agent: a\nUser-agent: CCBot\nDisallow: /pictures\n", "ccbot"),
        ("User-agent: Pixel\nAllow: /\n" + ALL + "Disallow: /\n", "*"),
    ],
)
def test_our_group_or_that_of_all_or_of_collectors_shuts_us_out(text: str, who: str) -> None:
    assert shut(text) == who


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (ALL + "Content-Usage: train-ai=n\n", True),
        (ALL + "Allow: /\nContent-Usage: /pictures train-ai=n\n", True),
        (ALL + "Content-Usage: train-ai=n\nContent-Usage: /pictures train-ai=y\n", False),
        (ALL + "Content-Usage: /other train-ai=n\n", False),
        ("User-agent: other\nContent-Usage: train-ai=n\n" + ALL + "Allow: /\n", False),
        ("User-agent: o\nAllow: /\n" + ALL + "Content-Usage: train-ai=n\n", True),
        (ALL + "Content-Usage: train-ai=n\n" + US + "Content-Usage: search=n\n", False),
    ],
)
def test_usage_preferences_in_robots_count_like_rules(text: str, *, refused: bool) -> None:
    assert shut(text) == ("content-usage" if refused else None)


def test_the_delay_is_that_of_our_group() -> None:
    text = ALL + "Crawl-delay: 7\n"
    assert read(text).delay_seconds == 7
    assert read(text + US + "Crawl-delay: 2.5\n").delay_seconds == 2.5
    assert read(ALL + "Allow: /\n").delay_seconds == 0


@pytest.mark.parametrize("delay", ["-1", "x", "nan", "inf", "", "1e99"])
def test_a_delay_that_makes_no_sense_is_bounded(delay: str) -> None:
    assert 0 <= read(f"{ALL}Crawl-delay: {delay}\n").delay_seconds <= LONGEST_DELAY_SECONDS


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(
            st.sampled_from(
                [b"User-agent", b"Disallow", b"Allow", b"Crawl-delay", b"Content-Usage", b"Sitemap"]
            ),
            st.binary(max_size=20),
        ).map(b": ".join),
    ),
    max_size=20,
)


@given(LINES, st.binary(max_size=20))
def test_no_bytes_break_the_reader(lines: list[bytes], path: bytes) -> None:
    rules = read_robots(b"\n".join(lines), POLICY, token=TOKEN)
    rules.refuses("http://example.com/" + path.decode("latin-1"))
    assert 0 <= rules.delay_seconds <= LONGEST_DELAY_SECONDS


@given(LINES)
def test_a_group_of_our_own_that_shuts_all_shuts_us_out_beside_anything(lines: list[bytes]) -> None:
    before = b"\n".join(line for line in lines if not line.lower().startswith(b"allow"))
    data = before + b"\n\nUser-agent: PixelProseStream\nDisallow: /\n"
    rules = read_robots(data, POLICY, token=TOKEN)
    assert rules.refuses("http://example.com/a") is not None


def test_half_a_megabyte_of_wildcards_is_judged_in_linear_time() -> None:
    rule = "Disallow: " + "/*a" * 100 + "$\n"
    rules = read(ALL + rule * (500_000 // len(rule)))
    assert rules.refuses("http://example.com/" + "a/" * 4_000) is None


def test_a_rule_is_counted_once_for_every_agent_that_is_asked_about() -> None:
    url = "https://example.com/" + "a" * 980
    one = read(ALL + "Disallow: /*a\n").steps(url)
    assert one == 2 * PIECE_STEPS + 1_000
    assert read(ALL + "Disallow: /*a\n" * 7).steps(url) == 7 * one
    assert read(ALL + "Disallow: /*a$\n").steps(url) == 2 * one
    shared = ALL + "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /*a\n"
    assert read(shared).steps(url) == 3 * one
    assert read(ALL + "Allow: /\nUser-agent: other\nDisallow: /*a\n").steps(url) == PIECE_STEPS
    assert read(ALL + "Disallow: /*a\n" + US + "Allow: /\n").steps(url) == PIECE_STEPS


@pytest.mark.parametrize("spelling", ["User-agent", "Useragent", "User agent"])
def test_rules_are_not_read_again_for_every_agent_of_others(spelling: str) -> None:
    agents = "".join(f"{spelling}: a{number}\n" for number in range(2_000))
    rules = read(agents + "Disallow: /*a\n" * 2_000)
    assert len(rules._rules._user_agents) == 1


def test_a_group_of_ours_is_found_in_every_spelling() -> None:
    assert shut("Useragent: PixelProseStream\nDissallow: /\n" + ALL + "Allow: /\n") is not None


def test_what_is_said_beside_rules_is_kept_of_our_group() -> None:
    text = ALL + "Crawl delay: 7\nContent-usage: /a search=y\nDisallow: /b\n"
    assert read(text).said == ("Crawl-delay: 7", "Content-Usage: /a search=y")
    assert read(text + US + "Allow: /\n").said == ()
    assert len(read(ALL + "Crawl-delay: 1\n" * 100).said) == MOST_SAID


def test_rules_that_are_too_many_for_any_url_are_not_taken_in() -> None:
    collectors = "".join(f"User-agent: {agent.token}\n" for agent in POLICY.robots.agents)
    rules = read(ALL + collectors + "Disallow: /*a*b*c*d\n" * 6_500)
    assert rules.steps("") > MOST_STEPS
    assert not rules._rules._user_agents
    ours = read(collectors + "Disallow: /*a*b*c*d\n" * 6_500 + US + "Disallow: /\n")
    assert ours.steps("") == PIECE_STEPS
    assert ours.refuses("http://example.com/") == "pixelprosestream"
