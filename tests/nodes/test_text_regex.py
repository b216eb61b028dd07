"""Searches with patterns. That they end is the business of test_time."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text_regex import ExtractRegex, FindAllRegex, RegexMatch, RegexReplace, RegexSplit, RegexValidate
from nodetool.sdk import BadInput, Node
from nodetool.sdk.testing import run

LOG = "2026-01-31 ok 12 ms\n2026-02-01 failed 7 ms"


@pytest.mark.parametrize(
    ("node", "result"),
    [
        (ExtractRegex(text=LOG, regex=r"(\d+)-(\d+)-(\d+)"), ["2026", "01", "31"]),
        (ExtractRegex(text=LOG, regex=r"(x)?(\d+) ms$", multiline=True), ["", "12"]),
        (ExtractRegex(text=LOG, regex="(OK)", ignorecase=True), ["ok"]),
        (ExtractRegex(text=LOG, regex="ok(.*)failed", dotall=True), [" 12 ms\n2026-02-01 "]),
        (ExtractRegex(text=LOG, regex="(never)"), []),
        (FindAllRegex(text=LOG, regex=r"\d+ ms"), ["12 ms", "7 ms"]),
        (FindAllRegex(text=LOG, regex=r"(\d+) ms"), ["12", "7"]),
        (FindAllRegex(text=LOG, regex=r"(\d+) (ms)"), ["12 ms", "7 ms"]),
        (RegexMatch(text=LOG, pattern=r"(\w+) (\d+) ms", group=2), ["12", "7"]),
        (RegexMatch(text=LOG, pattern=r"\p{L}+", group=0), ["ok", "ms", "failed", "ms"]),
        (
            RegexReplace(text=LOG, pattern=r"(\d+)-(\d+)-(\d+)", replacement=r"\3.\2.\1", count=1),
            "31.01.2026" + LOG[10:],
        ),
        (RegexReplace(text="aXbX", pattern="(?P<x>X)", replacement=r"<\g<x>>"), "a<X>b<X>"),
        (RegexSplit(text="a, b;c", pattern=r"[,;]\s*"), ["a", "b", "c"]),
        (RegexSplit(text="a1b2c", pattern=r"(\d)", maxsplit=1), ["a", "1", "b2c"]),
        (RegexValidate(text="DE-123", pattern="[A-Z]{2}-"), True),
        (RegexValidate(text="DE-123", pattern="[A-Z]{2}$"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_search_finds(node: Node, result: Any) -> None:
    assert run(node) == result


@given(st.text("abeix 1\n_-é東", max_size=30), st.sampled_from([r"\s", r"[aeiou]", r"\w+?", "x*", "^|$", r"(?<=a)b"]))
def test_patterns_mean_what_they_mean_to_python(text: str, pattern: str) -> None:
    assert run(FindAllRegex(text=text, regex=pattern)) == re.findall(pattern, text)
    assert run(RegexReplace(text=text, pattern=pattern, replacement="-")) == re.sub(pattern, "-", text)
    assert run(RegexSplit(text=text, pattern=pattern)) == re.split(pattern, text)


@pytest.mark.parametrize(
    ("node", "handle", "message"),
    [
        (RegexMatch(pattern="(a"), "pattern", r"pattern: is not a pattern: missing \) at position 2, got '\(a'"),
        (FindAllRegex(regex="*"), "regex", "regex: is not a pattern: nothing to repeat at position 0"),
        (
            RegexMatch(pattern="(" * 4_000 + ")" * 4_000),
            "pattern",
            "pattern: has 8000 characters, and 5000 is the limit",
        ),
        (RegexMatch(pattern="(" * 2_400 + ")" * 2_400), "pattern", "pattern: is nested too deeply"),
        (RegexMatch(pattern="a", group=1), "group", "group: the pattern has 0 groups, got 1"),
        (RegexReplace(text="a", pattern="a", replacement=r"\1"), "replacement", r"replacement: .*, got '\\\\1'"),
        (RegexReplace(text="a", pattern="a", replacement=r"\g<x"), "replacement", "replacement: "),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 15 else "",
)
def test_a_pattern_that_is_none_is_named(node: Node, handle: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        run(node)

    assert caught.value.handle == handle
