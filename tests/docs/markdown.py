"""What the tests read out of a page of documentation."""

import re
from dataclasses import dataclass
from itertools import dropwhile, takewhile, zip_longest
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

RUNNABLE = ("bash", "javascript", "python")
PRINTED = ("json", "text", "http")


@dataclass(frozen=True)
class Block:
    """Code of a page, and what the page says that it prints: the block behind it, if that is no code."""

    language: str
    code: str
    line: int
    printed: "Block | None" = None

    @property
    def name(self) -> str:
        return f"line {self.line}: {self.language}"


def blocks(page: Path) -> list[Block]:
    """Return the blocks of *page* that can be run, in their order."""
    text = page.read_text()
    found = [Block(each[1], each[2], text.count("\n", 0, each.start()) + 1) for each in _FENCE.finditer(text)]
    return [
        Block(one.language, one.code, one.line, next if next and next.language in PRINTED else None)
        for one, next in zip_longest(found, found[1:])
        if one.language in RUNNABLE
    ]


def prose(page: Path) -> str:
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    return [link for link in _LINK.findall(prose(page)) if "://" not in link]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual renderers make them."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(page: Path, heading: str) -> list[list[str]]:
    """Return the rows of the first table under *heading*, without its head, as cells."""
    _, _, below = page.read_text().partition(f"# {heading}\n")
    section = re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]
    lines = takewhile(is_row, dropwhile(lambda line: not is_row(line), section.splitlines()))
    return [[cell.strip() for cell in line.strip().split("|")[1:-1]] for line in list(lines)[2:]]


def is_row(line: str) -> bool:
    return line.startswith("|")
