"""Base64, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.base64 import Decode, Encode
from nodetool.sdk.testing import run


@given(st.text())
def test_decode_undoes_encode(text: str) -> None:
    assert Decode(data=Encode(text=text).process()).process() == text


@pytest.mark.parametrize(("data", "text"), [("R3LDvMOfZQ", "Grüße"), ("R3LD\n vMOf ZQ==", "Grüße"), ("", "")])
def test_spaces_and_missing_signs_do_not_matter(data: str, text: str) -> None:
    assert run(Decode(data=data)) == text


@pytest.mark.parametrize(
    ("data", "message"),
    [("a", "data: is not base64, got 'a'"), ("$$$$", "data: is not base64"), ("/w==", "data: its bytes are no text")],
)
def test_what_is_no_text_is_named(data: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(Decode(data=data))
