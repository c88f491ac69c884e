"""What needs no browser: names of controls, references, contrast, life without scripts."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from typing import Final

import pytest

from pixelprose.report.page import render
from pixelprose.report.survey import nothing
from pixelprose.report.testing import a_row, contents

VOID: Final = {"meta", "img", "input", "br", "link", "rect", "path"}
CONTROLS: Final = {"input", "select", "textarea", "button", "output"}
READABLE, SEEN_AS_A_SHAPE = 4.5, 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""

PAGE = files("pixelprose.report") / "page"


class Tree(HTMLParser):
    """Elements with their attributes and the elements around them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.around: list[tuple[str, dict[str, str | None]]] = []
        self.found: list[tuple[str, dict[str, str | None], list[str], bool]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        hidden = "hidden" in attributes or any("hidden" in one for _, one in self.around)
        self.found.append((tag, attributes, [name for name, _ in self.around], hidden))
        if tag not in VOID:
            self.around.append((tag, attributes))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.found.append((tag, attributes, [name for name, _ in self.around], False))

    def handle_endtag(self, tag: str) -> None:
        assert self.around.pop()[0] == tag, f"</{tag}> closes something else"

    def all(self, *tags: str) -> list[tuple[dict[str, str | None], list[str], bool]]:
        return [(one, around, hidden) for tag, one, around, hidden in self.found if tag in tags]


@pytest.fixture(scope="module")
def page() -> str:
    rows = [a_row(n, rights__licence_url="https://example.org/l") for n in range(4)]
    some = nothing()
    for one in some.histograms.values():
        one.counts[:4] = 1
    return render(contents(rows, survey=replace(some, rows=4)))


@pytest.fixture(scope="module")
def tree(page: str) -> Tree:
    return Tree(page)


def test_every_element_is_closed_where_it_was_opened(tree: Tree) -> None:
    assert not tree.around
    assert len(tree.all("article")) == 4


def test_ids_are_given_once_and_whatever_names_one_finds_it(tree: Tree) -> None:
    ids = [str(one["id"]) for _, one, _, _ in tree.found if "id" in one]
    assert len(ids) == len(set(ids))
    for tag, one, _, _ in tree.found:
        named = f"{one.get('aria-labelledby') or ''} {one.get('aria-describedby') or ''}".split()
        link = one.get("href") or ""
        named += [link[1:]] if link.startswith("#") else []
        assert set(named) <= set(ids), tag


def test_the_script_finds_what_it_asks_for(page: str) -> None:
    script = (PAGE / "script.js").read_text("utf-8")
    asked = re.findall(r'getElementById\("([^"]+)"\)', script)
    assert asked
    for name in asked:
        assert f'id="{name}"' in page


def test_every_control_has_a_name(tree: Tree) -> None:
    controls = tree.all("input", "select", "textarea")
    assert len(controls) >= 5
    for one, around, _ in controls:
        assert "label" in around or one.get("aria-label"), one


def test_keys_reach_controls_in_the_order_of_the_page(tree: Tree) -> None:
    for tag, one, _, _ in tree.found:
        assert int(one.get("tabindex") or 0) <= 0, tag
        assert one.get("role") != "button", tag  # a real one answers to keys by itself
    assert len(tree.all("summary")) == len(tree.all("details")) > 4


def test_it_has_landmarks_and_a_way_past_the_head(tree: Tree) -> None:
    assert len(tree.all("main")) == len(tree.all("footer")) == 1
    assert tree.all("a")[0][0]["href"] == "#pictures"
    assert tree.all("html")[0][0]["lang"] == "en"
    (viewport,) = [one for one, _, _ in tree.all("meta") if one.get("name") == "viewport"]
    assert viewport["content"] == "width=device-width, initial-scale=1"


def test_a_drawing_has_a_name_or_is_passed_over(tree: Tree) -> None:
    drawings = tree.all("svg")
    assert drawings
    for one, _, _ in drawings:
        named = one.get("role") == "img" and one.get("aria-label")
        assert named or one.get("aria-hidden") == "true", one


def test_without_scripts_all_is_there_but_the_filters(tree: Tree) -> None:
    assert all(hidden for _, _, hidden in tree.all(*CONTROLS))
    assert not any(hidden for _, _, hidden in tree.all("article", "img", "details"))


def schemes() -> dict[str, dict[str, str]]:
    """The page's colours in light and dark."""
    style = (PAGE / "style.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", part))
        for part in style.split("prefers-color-scheme: dark")[:2]
    )
    dark = dict(list(dark.items())[: len(light)])
    return {"light": light, "dark": light | dark}


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(p * share for p, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_ratio_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "sheet", "fill"])
def test_colours_of_texts_can_be_read_on_every_ground(scheme: str, ground: str) -> None:
    colours = schemes()[scheme]
    for ink in ("ink", "soft", "accent", "bad"):
        assert contrast(colours[ink], colours[ground]) >= READABLE, ink
    assert contrast(colours["focus"], colours[ground]) >= SEEN_AS_A_SHAPE
