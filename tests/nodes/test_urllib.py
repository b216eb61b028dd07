"""Addresses."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.urllib import EncodeQueryParams, JoinURL, ParseURL, QuoteURL, UnquoteURL
from nodetool.sdk.testing import run


def test_an_address_has_parts() -> None:
    parts = run(ParseURL(url="https://ada:x@a.example:8080/b%20c?q=1&q=2&e=#top"))

    assert (parts["scheme"], parts["hostname"], parts["port"], parts["path"]) == ("https", "a.example", 8080, "/b%20c")
    assert (parts["params"], parts["fragment"], parts["username"]) == ({"q": "2", "e": ""}, "top", "ada")


@pytest.mark.parametrize("url", ["http://[::1", "http://a:99999"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="url: "):
        run(ParseURL(url=url))


def test_a_link_is_followed_from_its_page() -> None:
    assert run(JoinURL(base="https://a.example/b/c", url="../d?e")) == "https://a.example/d?e"
    assert run(JoinURL(base="https://a.example", url="https://b.example")) == "https://b.example"


@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1)))
def test_params_are_read_again(params: dict[str, str]) -> None:
    assert dict(parse_qsl(EncodeQueryParams(params=params).process())) == params


@given(st.text())
def test_unquote_undoes_quote(text: str) -> None:
    assert UnquoteURL(text=QuoteURL(text=text).process()).process() == text
