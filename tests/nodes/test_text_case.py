"""How a text is written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text_case import (
    CapitalizeText,
    CollapseWhitespace,
    RemovePunctuation,
    Slugify,
    StripAccents,
    ToLowercase,
    ToTitlecase,
    ToUppercase,
    TrimWhitespace,
)
from nodetool.sdk import Node
from nodetool.sdk.testing import run


@pytest.mark.parametrize(
    ("node", "result"),
    [
        (ToUppercase(text="straße ü"), "STRASSE Ü"),
        (ToLowercase(text="ÄB"), "äb"),
        (ToTitlecase(text="it's a don't  day"), "It's A Don't  Day"),
        (CapitalizeText(text="hello WORLD"), "Hello world"),
        (TrimWhitespace(text="\n a \t"), "a"),
        (TrimWhitespace(text=" a ", trim_start=False), " a"),
        (TrimWhitespace(text=" a ", trim_end=False), "a "),
        (CollapseWhitespace(text="  a \n\t b "), "a b"),
        (CollapseWhitespace(text=" a  b\n c ", preserve_newlines=True, trim_edges=False), " a b\n c "),
        (CollapseWhitespace(text="a  b", replacement=r"\1\n"), r"a\1\nb"),
        (RemovePunctuation(text="a.b, (c)!"), "ab c"),
        (RemovePunctuation(text="a.b", punctuation=".", replacement="--"), "a--b"),
        (StripAccents(text="Crème brûlée Łódź 東京"), "Creme brulee Łodz 東京"),
        (StripAccents(text="é東京", preserve_non_ascii=False), "e"),
        (Slugify(text=" Crème brûlée! "), "creme-brulee"),
        (Slugify(text="A_b -- C", separator="_", lowercase=False), "A_b_C"),
        (Slugify(text="東京 Tower", allow_unicode=True), "東京-tower"),
        (Slugify(text="!!!"), ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_text_is_written_anew(node: Node, result: Any) -> None:
    assert run(node) == result


@given(st.text())
def test_a_slug_stays_as_it_is(text: str) -> None:
    slug = run(Slugify(text=text))

    assert run(Slugify(text=slug)) == slug


def test_a_long_text_takes_the_same_way_in_a_thread() -> None:
    assert run(Slugify(text="a b " * 20_000)) == "-".join(["a", "b"] * 20_000)
