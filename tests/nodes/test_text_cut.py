"""Parts of a text, and texts of a length."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text_cut import Chunk, Extract, PadText, Slice, SurroundWith, TruncateText
from nodetool.sdk import Node
from nodetool.sdk.testing import run

PLACES = st.none() | st.integers(-9, 9)


@given(st.text(), PLACES, PLACES, PLACES.filter(lambda step: step != 0))
def test_slices_are_those_of_python(text: str, start: int | None, stop: int | None, step: int | None) -> None:
    assert Slice(text=text, start=start, stop=stop, step=step).process() == text[start:stop:step]


@pytest.mark.parametrize(
    ("node", "result"),
    [
        (Extract(text="abcdef", start=1, end=3), "bc"),
        (Extract(text="abcdef", start=-2), "ef"),
        (Extract(text="abcdef"), "abcdef"),
        (TruncateText(text="abcdef", max_length=4, ellipsis="…"), "abc…"),
        (TruncateText(text="abcdef", max_length=1, ellipsis="..."), "a"),
        (TruncateText(text="abc", max_length=3, ellipsis="…"), "abc"),
        (PadText(text="7", length=3, pad_character="0", direction="left"), "007"),
        (PadText(text="ab", length=5, pad_character="-", direction="both"), "-ab--"),
        (PadText(text="abc", length=2), "abc"),
        (SurroundWith(text="a", prefix="(", suffix=")"), "(a)"),
        (SurroundWith(text="(a)", prefix="(", suffix=")"), "(a)"),
        (SurroundWith(text="(a)", prefix="(", suffix=")", skip_if_wrapped=False), "((a))"),
        (SurroundWith(text='"', prefix='"', suffix='"'), '"""'),
        (Chunk(text="a b  c\nd e", length=2), ["a b", "c d", "e"]),
        (Chunk(text="a b c d e", length=3, overlap=1), ["a b c", "c d e"]),
        (Chunk(text="a b c d", length=3, overlap=1), ["a b c", "c d"]),
        (Chunk(text="a;b;c", length=2, separator=";"), ["a;b", "c"]),
        (Chunk(text=""), []),
    ],
    ids=repr,
)
def test_a_text_is_cut_or_filled(node: Node, result: Any) -> None:
    assert run(node) == result


@given(st.lists(st.sampled_from("abc")), st.integers(1, 6), st.integers(0, 5))
def test_chunks_hold_every_word_and_overlap(words: list[str], length: int, overlap: int) -> None:
    overlap = min(overlap, length - 1)

    chunks = [chunk.split() for chunk in Chunk(text=" ".join(words), length=length, overlap=overlap).process()]

    assert [word for place, chunk in enumerate(chunks) for word in (chunk[overlap:] if place else chunk)] == words
    assert all(len(chunk) <= length for chunk in chunks)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Slice(text="a", step=0), "step: must not be 0"),
        (Chunk(text="a", length=2, overlap=2), "overlap: must be at least 0 and less than the length of 2, got 2"),
        (Chunk(text="a", overlap=-1), "overlap: must be at least 0"),
        (Chunk(length=0), "length: Expected `int` >= 1"),
        (PadText(pad_character="ab"), "pad_character: must be one character, got 'ab'"),
        (PadText(length=10**9), "length: Expected `int` <= 1000000"),
    ],
    ids=repr,
)
def test_what_cannot_be_is_named(node: Node, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(node)
