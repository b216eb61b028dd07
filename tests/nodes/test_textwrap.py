"""Lines, broken and indented."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.textwrap import Dedent, Fill, Indent, Shorten, Wrap
from nodetool.sdk import Node
from nodetool.sdk.testing import run

TEXT = "The quick brown fox jumped over the lazy dog."


@pytest.mark.parametrize(
    ("node", "result"),
    [
        (Wrap(text=TEXT, width=20), ["The quick brown fox", "jumped over the lazy", "dog."]),
        (Fill(text=TEXT, width=30), "The quick brown fox jumped\nover the lazy dog."),
        (Shorten(text=TEXT, width=15), "The quick..."),
        (Shorten(text=" a \n b "), "a b"),
        (Indent(text="a\n\nb", prefix="> "), "> a\n\n> b"),
        (Dedent(text="  a\n    b\n"), "a\n  b\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_lines_are_broken_and_indented(node: Node, result: Any) -> None:
    assert run(node) == result


@given(st.text("ab ", max_size=60), st.integers(1, 20))
def test_no_line_is_longer_than_its_width(text: str, width: int) -> None:
    lines = run(Wrap(text=text, width=width))

    assert all(len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"placeholder: is longer than the width of 2, got '\.\.\.'"):
        run(Shorten(text=TEXT, width=2))
    with pytest.raises(ValueError, match="width: Expected `int` >= 1"):
        run(Fill(width=0))
