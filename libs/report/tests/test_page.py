"""The page: hostile texts stay texts, and nothing is asked of anybody."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pixelprose.report.bins import Bar, bins
from pixelprose.report.cards import visible, web
from pixelprose.report.measures import MEASURES
from pixelprose.report.page import render
from pixelprose.report.plots import bars_plot, histogram_plot
from pixelprose.report.request import Request
from pixelprose.report.survey import Histogram
from pixelprose.report.testing import a_row, contents

HOSTILE = (
    "<script>owned()</script><img src=x onerror=owned()>\"'></p><style>*{display:none}</style>"
)


class Seen(HTMLParser):
    """What a browser makes of a page: elements with their attributes, and all text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def hostile() -> Seen:
    row = a_row(
        1,
        dataset=HOSTILE,
        source__alt_text=HOSTILE,
        source__url="javascript:owned()",
        caption__text=HOSTILE,
        caption__absent=[HOSTILE],
        caption__kind=HOSTILE,
        caption__policy=HOSTILE,
        caption__prompt=HOSTILE,
        caption__language='en" onclick="owned()',
        rights__attribution=HOSTILE,
        rights__licence_url="data:text/html,<script>owned()</script>",
        signals__style=HOSTILE,
        signals__words=[{"text": HOSTILE, "confidence": 1.0, "box": (0, 0, 1, 1)}],
    )
    request = Request(where=f"dataset = '{HOSTILE}'")
    return Seen(render(contents([row], request=request, where_it_is=HOSTILE, command=HOSTILE)))


def test_hostile_texts_are_shown_as_they_are(hostile: Seen) -> None:
    # Alt text, caption, absent things, words, prompt, credit, source, style, and the page's own.
    assert hostile.text.count("<script>owned()</script>") > 10


def test_no_script_or_style_but_ours_is_in_the_page(hostile: Seen) -> None:
    assert (len(hostile.all("script")), len(hostile.all("style"))) == (1, 1)
    for tag, attributes in hostile.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "style" not in attributes, tag


def test_only_addresses_of_the_web_become_links(hostile: Seen) -> None:
    assert all((link["href"] or "").startswith("#") for link in hostile.all("a"))
    assert all((image["src"] or "").startswith("data:image/jpeg") for image in hostile.all("img"))
    assert web("HTTPS://example.org/a.jpg") == "HTTPS://example.org/a.jpg"
    for bad in ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//x", "", None):
        assert web(bad) is None
    assert web("http://[") is None


def test_the_page_names_nothing_that_a_browser_would_fetch() -> None:
    seen = Seen(render(contents([a_row(n) for n in range(3)])))
    for tag, attributes in seen.elements:
        for name in ("src", "srcset", "poster", "data", "action", "background", "xlink:href"):
            assert (attributes.get(name) or "data:").startswith("data:"), (tag, name)
    assert not seen.all("link")
    style = render(contents([])).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_lets_our_script_and_style_run_and_no_other() -> None:
    page = render(contents([a_row(1)]))
    (policy,) = [
        meta["content"] or ""
        for meta in Seen(page).all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_a_missing_picture_says_so_and_others_have_an_alternative() -> None:
    seen = Seen(render(contents([a_row(n) for n in range(3)])))
    assert "The picture is not in the store any more." in seen.text
    assert [image["alt"] for image in seen.all("img")] == [
        "Picture 1, described beside it",
        "Picture 2, described beside it",
    ]


def test_headings_go_down_one_level_at_a_time() -> None:
    levels = [
        int(tag[1])
        for tag, _ in Seen(render(contents([a_row(1), a_row(2)]))).elements
        if re.fullmatch(r"h[1-6]", tag)
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_a_page_without_rows_says_so() -> None:
    empty = contents([], ends=[], version=None, stored=0)
    text = Seen(render(empty)).text
    assert "nothing has ended" in text
    assert "No caption has been made yet" in text
    filtered = replace(empty, request=Request(where="true"))
    assert "No caption fits the filter" in Seen(render(filtered)).text


def test_a_demo_models_captions_are_called_so() -> None:
    row = a_row(1, caption__model={"name": "demo-captioner", "revision": "1", "library": "x"})
    assert "say nothing about a real model" in Seen(render(contents([row]))).text
    assert "say nothing about a real model" not in Seen(render(contents([a_row(1)]))).text


def test_control_characters_are_replaced() -> None:
    assert visible("a\x00b\x1b[31mc\x85d\ne\u200d") == "a�b�[31mc�d\ne\u200d"


@pytest.mark.parametrize("name", ["$\\frac{", "<b>&\"'", "日本語", "\x00\x1b", "a" * 90, ""])
def test_any_name_can_be_drawn(name: str) -> None:
    svg = bars_plot([Bar(name, 3), Bar("other", 1)])
    seen = Seen(svg)
    assert {tag for tag, _ in seen.elements} <= {"svg", "g", "path", "text"}
    for _, attributes in seen.elements:
        assert not attributes.keys() & {"id", "style", "xlink:href", "clip-path"}
    assert len(max(seen.text.split("\n"), key=len)) < 90


def test_nothing_can_be_drawn_too() -> None:
    assert "<svg" in bars_plot([])
    assert "<svg" in histogram_plot(bins(Histogram(MEASURES[0])))
    assert "<svg" in histogram_plot(bins(Histogram(MEASURES[2])), rare=True)
