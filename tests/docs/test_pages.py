"""All pages of documentation: their links lead somewhere, and their code can be run."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import PRINTED, RUNNABLE, anchors, links

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_in_the_index(root: Path) -> None:
    docs = root / "docs"
    listed = {(docs / link.partition("#")[0]).resolve() for link in links(docs / "README.md")}

    assert {page for page in docs.rglob("*.md") if page.name != "README.md"} <= listed


def test_code_is_marked_with_a_language_that_is_known() -> None:
    opened = {line for page in PAGES for line in re.findall(r"^```.*$", page.read_text(), re.MULTILINE)}

    assert opened <= {"```", *(f"```{language}" for language in (*RUNNABLE, *PRINTED))}
