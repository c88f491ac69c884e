"""Every link within the project leads to a page, and to a heading of it."""

from pathlib import Path

import pytest
from tests.docs.pages import ROOT, anchors, broken, links, pages


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_page_that_is_gone_and_a_heading_that_is_gone_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.docs.pages.ROOT", tmp_path)
    (tmp_path / "a.md").write_text("# A\n\n[gone](b.md) [no](#b) [yes](#a) [outside](../c.md)\n")
    assert broken(Path("a.md")) == ["b.md", "#b", "../c.md"]


def test_anchors_are_as_github_makes_them() -> None:
    assert {"architecture", "a-failures-way"} <= anchors(Path("docs/explanation/architecture.md"))


def test_every_page_of_docs_is_linked_from_its_index() -> None:
    index = Path("docs/README.md")
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(index)}
    wanted = {
        (ROOT / page).resolve()
        for page in pages()
        if page.parts[0] == "docs" and page.parts[1] != "adr" and page != index
    }
    assert wanted - linked == set()
