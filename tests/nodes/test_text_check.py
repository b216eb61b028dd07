"""What is said about a text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text_check import (
    CompareText,
    Contains,
    EndsWith,
    EqualsText,
    HasLength,
    IndexOf,
    IsEmpty,
    Length,
    StartsWith,
)
from nodetool.sdk import Node
from nodetool.sdk.testing import run


@pytest.mark.parametrize(
    ("node", "answer"),
    [
        (Contains(text="Grüße", substring="üß"), True),
        (Contains(text="Hello", substring="hello"), False),
        (Contains(text="Hello", substring="hello", case_sensitive=False), True),
        (Contains(text="abc", search_values=["x", "b"]), True),
        (Contains(text="abc", search_values=["x", "b"], match_mode="all"), False),
        (Contains(text="abc", search_values=["x", "y"], match_mode="none"), True),
        (StartsWith(text="https://a", prefix="https:"), True),
        (EndsWith(text="a.csv", suffix=".CSV"), False),
        (IsEmpty(text=" \n"), True),
        (IsEmpty(text=" \n", trim_whitespace=False), False),
        (HasLength(text="abc", min_length=3, max_length=3), True),
        (HasLength(text="abc", min_length=4), False),
        (HasLength(text="abc", max_length=2), False),
        (HasLength(text="abc", exact_length=3, max_length=1), True),
        (HasLength(text="abc"), True),
        (Length(text="zwei Wörter"), 11),
        (Length(text=" zwei  Wörter ", measure="words"), 2),
        (Length(text="a\n\nb\n", measure="lines"), 3),
        (Length(text="a\n\nb\n", measure="lines", trim_whitespace=True), 2),
        (Length(text=" a ", trim_whitespace=True), 1),
        (IndexOf(text="banana", substring="an"), 1),
        (IndexOf(text="banana", substring="an", search_from_end=True), 3),
        (IndexOf(text="banana", substring="AN", case_sensitive=False, start_index=2), 3),
        (IndexOf(text="banana", substring="an", end_index=2), -1),
        (CompareText(text_a="a", text_b="b"), "less"),
        (CompareText(text_a="B", text_b="a", case_sensitive=False), "greater"),
        (CompareText(text_a=" a", text_b="a ", trim_whitespace=True), "equal"),
        (EqualsText(text_a="STRASSE", text_b="straße", case_sensitive=False), True),
        (EqualsText(text_a="a", text_b="a "), False),
    ],
    ids=repr,
)
def test_a_question_has_an_answer(node: Node, answer: Any) -> None:
    assert run(node) == answer


@given(st.text(), st.text(), st.integers(0, 9))
def test_places_are_those_of_python(text: str, part: str, start: int) -> None:
    assert IndexOf(text=text, substring=part, start_index=start).process() == text.find(part, start)
