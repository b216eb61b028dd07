"""Between text and bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.bytes import DecodeText, EncodeText, Length
from nodetool.sdk.testing import run


@given(st.text(), st.sampled_from(["utf-8", "utf-16"]))
def test_decode_undoes_encode(text: str, encoding: Any) -> None:
    assert DecodeText(data=EncodeText(text=text, encoding=encoding).process(), encoding=encoding).process() == text


def test_bytes_are_counted() -> None:
    assert run(Length(data=run(EncodeText(text="ü")))) == 2


def test_what_the_encoding_does_not_have_is_named_or_replaced() -> None:
    with pytest.raises(ValueError, match="text: '東' cannot be written in latin-1"):
        run(EncodeText(text="ü東", encoding="latin-1"))
    with pytest.raises(ValueError, match="data: byte 1 is not utf-8"):
        run(DecodeText(data=b"a\xff"))

    assert run(EncodeText(text="ü東", encoding="latin-1", errors="replace")) == b"\xfc?"
    assert run(DecodeText(data=b"a\xff", errors="ignore")) == "a"
