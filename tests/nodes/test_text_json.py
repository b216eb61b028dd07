"""JSON out of text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.text_json import ExtractJSON, ParseJSON
from nodetool.sdk.testing import run

STORE = {
    "store": {
        "book": [
            {"title": "Sayings", "price": 8.95},
            {"title": "Sword", "price": 12.99, "isbn": "0-553"},
            {"title": "Moby Dick", "price": 8.99, "isbn": "0-395"},
        ],
        "bicycle": {"color": "red", "the price": 19.95},
    }
}


@given(st.integers() | st.text() | st.booleans() | st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_json_of_any_kind_is_read(value: Any) -> None:
    assert ParseJSON(text=json.dumps(value)).process() == value


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", "Infinity", "[" * 100_000])
def test_what_is_no_json_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="text: "):
        run(ParseJSON(text=text))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.store.bicycle.color", ["red"]),
        ("$['store']['bicycle'][\"the price\"]", [19.95]),
        ("store.book[0].title", ["Sayings"]),
        ("$.store.book[-1].title", ["Moby Dick"]),
        ("$.store.book[*].price", [8.95, 12.99, 8.99]),
        ("$.store.book[1:].title", ["Sword", "Moby Dick"]),
        ("$.store.book[::2].price", [8.95, 8.99]),
        ("$..isbn", ["0-553", "0-395"]),
        ("$.store.bicycle.*", ["red", 19.95]),
        ("$.store.book[9].title", []),
        ("$.nothing.here", []),
        ("$", [STORE]),
    ],
)
def test_a_path_leads_to_values(path: str, found: list[Any]) -> None:
    text = json.dumps(STORE)

    assert run(ExtractJSON(text=text, json_path=path, find_all=True)) == found
    assert run(ExtractJSON(text=text, json_path=path)) == (found[0] if found else None)


@pytest.mark.parametrize("path", ["$.store[", "$.book[?(@.price<10)]", "$.a b", "$...a", "$.'x"])
def test_a_path_that_cannot_be_read_is_named(path: str) -> None:
    with pytest.raises(ValueError, match="json_path: cannot be read from"):
        run(ExtractJSON(text="{}", json_path=path))


def test_a_path_that_leads_everywhere_is_refused() -> None:
    with pytest.raises(ValueError, match="json_path: leads to more than 100000 values"):
        run(ExtractJSON(text="[" * 300 + "]" * 300, json_path="$" + "..*" * 6, find_all=True))
