"""The page in a real browser: no network, by keyboard, on a phone, in the dark."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from pixelprose.report.page import render
from pixelprose.report.survey import nothing
from pixelprose.report.testing import a_row, contents

CHROMIUM = os.environ.get("PIXELPROSE_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium here: `apt-get install chromium`, or name one in PIXELPROSE_CHROMIUM",
)

HOSTILE = "<script>window.owned = 1</script><img src=x onerror='window.owned = 1'>"
LONG = "a" * 300
SOURCES = ("cc12m", "redcaps", "your own")
ROWS = 9

CONTRASTS = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *:not(script):not(style)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    const [high, low] = [light(rgb(ink)), light(ground(element))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) found.push(`${element.outerHTML.slice(0, 80)}: ${contrast.toFixed(2)}`);
  }
  return found;
}"""
"""Texts whose contrast is below WCAG's 4.5, by its own formula."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with three sources, missing pictures, hostile, long and right-to-left texts."""
    rows = [
        a_row(
            number,
            dataset=SOURCES[number % 3],
            caption__text=f"Picture {number}: a {'blue' if number % 2 else 'red'} cube.",
            caption__kind="dense" if number < 6 else "short",
            signals__aesthetic=1.0 + number,
        )
        for number in range(ROWS - 3)
    ]
    rows.append(a_row(6, source__alt_text=HOSTILE, caption__text=HOSTILE, caption__kind="short"))
    rows.append(a_row(7, source__url=f"https://example.org/{LONG}", caption__text=LONG))
    rows.append(a_row(8, source__alt_text="\u202e\u0642\u0627\u0631\u0628", caption__language="ar"))
    survey = replace(nothing(), rows=ROWS)
    for one in survey.histograms.values():
        one.counts[: one.of.bins] = np.arange(one.of.bins)
    for tally in survey.tallies.values():
        tally.counts.update({**dict.fromkeys(SOURCES, 3), LONG: 1, HOSTILE: 1})
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(contents(rows, survey=survey)), "utf-8")
    return path


class Watched:
    """A page, with what it asked for and complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    @property
    def shown(self) -> int:
        return self.page.locator(".card:visible").count()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def focused(self) -> str:
        return str(
            self.page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Watched]:
    with browser.new_context(offline=True, viewport={"width": 1280, "height": 800}) as context:
        watched = Watched(context.new_page())
        watched.page.goto(file.as_uri())
        yield watched


def test_the_page_asks_nobody_for_anything(opened: Watched, file: Path) -> None:
    opened.page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    opened.page.mouse.wheel(0, 100_000)
    expect(opened.page.locator(".card img").first).to_be_attached()
    assert [url for url in opened.asked if not url.startswith("data:")] == [file.as_uri()]
    assert opened.said == []


def test_hostile_texts_do_nothing_but_be_read(opened: Watched) -> None:
    assert opened.page.evaluate("window.owned") is None
    expect(opened.page.get_by_text(HOSTILE).first).to_be_attached()


def test_the_pages_policy_stops_what_would_get_in(opened: Watched) -> None:
    opened.page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.owned = 1";
          const picture = new Image();
          picture.src = "http://127.0.0.1:9/beacon";
          document.body.append(script, picture);
        }"""
    )
    expect(opened.page.locator("body > img")).to_be_attached()
    assert opened.page.evaluate("window.owned") is None
    assert len([line for line in opened.said if "Content Security Policy" in line]) == 2


def test_filters_work_by_keyboard_alone(opened: Watched) -> None:
    opened.press("Tab", "Enter", "Tab")  # the first link skips to the pictures
    assert opened.focused() == "search"
    opened.page.keyboard.type("BLUE cube")
    assert opened.shown == 3
    expect(opened.page.locator("#shown")).to_have_text(f"3 of {ROWS} shown")
    opened.press("Tab")
    opened.page.keyboard.type("red")  # a source's first letters choose it
    expect(opened.page.locator("[data-filter=source]")).to_have_value("redcaps")
    assert opened.shown == 1
    opened.press("Tab", "Tab", "Tab", "Tab")  # kind, policy, order, button
    assert opened.focused() == "reset"
    opened.press("Enter")
    assert opened.shown == ROWS
    assert opened.focused() == "search"


def test_what_fits_nothing_says_so(opened: Watched) -> None:
    opened.page.get_by_label("Search").fill("no such words")
    assert opened.shown == 0
    expect(opened.page.locator("#none")).to_be_visible()


def test_kinds_are_filtered_and_pictures_ordered(opened: Watched) -> None:
    opened.page.get_by_label("Kind").select_option("short")
    assert opened.shown == 1
    opened.page.locator("#reset").click()
    opened.page.get_by_label("Order").select_option("aesthetic down")
    best = opened.page.locator(".card").first
    assert best.get_attribute("data-aesthetic") == "6.2"
    opened.page.get_by_label("Order").select_option("aesthetic up")
    assert opened.page.locator(".card").first.get_attribute("data-aesthetic") == "1.0"


def test_lineage_opens_by_keyboard_and_focus_is_seen(opened: Watched) -> None:
    summary = opened.page.locator(".card summary").first
    summary.focus()
    opened.press("Enter")
    expect(opened.page.locator(".card .steps").first).to_be_visible()
    opened.press("Shift+Tab", "Tab")
    assert summary.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_scrolls_sideways(browser: Browser, file: Path, width: int) -> None:
    with browser.new_context(offline=True, viewport={"width": width, "height": 780}) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_light_and_dark(
    browser: Browser, file: Path, scheme: str
) -> None:
    with browser.new_context(offline=True, color_scheme=scheme) as context:  # type: ignore[arg-type] # a literal
        page = context.new_page()
        page.goto(file.as_uri())
        page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        is_dark = sum(map(int, ground[4:-1].split(", "))) < 200
        assert is_dark == (scheme == "dark")
        assert page.evaluate(CONTRASTS) == []
        page.evaluate("ground => { document.querySelector('h1').style.color = ground; }", ground)
        assert len(page.evaluate(CONTRASTS)) == 1  # it would have said so


def test_without_scripts_every_picture_is_there(browser: Browser, file: Path) -> None:
    with browser.new_context(offline=True, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        assert page.locator(".card:visible").count() == ROWS
        assert not page.locator(".filters").is_visible()
