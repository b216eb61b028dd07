"""Texts compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.difflib import GetCloseMatches, SimilarityRatio, UnifiedDiff
from nodetool.sdk.testing import run


@given(st.text(max_size=20))
def test_a_text_is_like_itself(text: str) -> None:
    assert SimilarityRatio(a=text, b=text).process() == 1.0


def test_texts_are_more_or_less_alike() -> None:
    assert run(SimilarityRatio(a="abcd", b="bcde")) == 0.75
    assert run(SimilarityRatio(a="ab", b="cd")) == 0.0


def test_the_likest_comes_first() -> None:
    fruits = ["ape", "apple", "peach", "puppy"]

    assert run(GetCloseMatches(word="appel", possibilities=fruits)) == ["apple", "ape"]
    assert run(GetCloseMatches(word="appel", possibilities=fruits, n=1)) == ["apple"]
    assert run(GetCloseMatches(word="xyz", possibilities=fruits)) == []


def test_a_diff_tells_what_changed() -> None:
    diff = run(UnifiedDiff(a="one\ntwo\nthree", b="one\n2\nthree", fromfile="old", tofile="new"))

    assert diff == "--- old\n+++ new\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    assert run(UnifiedDiff(a="same", b="same")) == ""


def test_what_is_too_long_to_compare_is_refused() -> None:
    with pytest.raises(ValueError, match="b: has a length of 100001, and 100000 is the limit"):
        run(SimilarityRatio(a="a", b="b" * 100_001))
