"""Secrets are taken out of what is told, however they are written there."""

import base64
import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.masking import Mask, spellings, texts_of
from nodetool.protocol.values import preview

KEY = 'sk-Ab"\\ü/7+='

MASK = Mask([KEY])


@pytest.mark.parametrize(
    "spelt",
    [
        KEY,
        json.dumps(KEY)[1:-1],
        json.dumps(KEY, ensure_ascii=False)[1:-1],
        repr(KEY)[1:-1],
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode(),
    ],
)
def test_a_secret_is_found_as_it_is_often_written(spelt: str) -> None:
    assert MASK.text(f"before {spelt} after") == "before **** after"


def test_a_secret_is_found_in_values_keys_and_bytes() -> None:
    value = {"a": [KEY, 1, None, True], f"{KEY}?": {"b": KEY.encode() + b"\xff"}}

    assert MASK.value(value) == {"a": ["****", 1, None, True], "****?": {"b": b"****\xff"}}


@given(
    st.text(min_size=4, max_size=40),
    st.recursive(
        st.text() | st.integers(-5, 5) | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_wherever_a_secret_stands_it_is_not_there_afterwards(key: str, around: Any) -> None:
    data = msgspec.msgpack.encode({"around": around, "text": f"«{key}»", "list": [key]})

    masked = msgspec.msgpack.decode(Mask([key]).packed(data))

    assert masked["list"] == ["****"]
    assert masked["text"] == "«****»"


@given(st.text(max_size=60), st.sampled_from([KEY, "plain-secret"]))
def test_what_holds_no_secret_is_left_as_it_is(text: str, key: str) -> None:
    mask = Mask([key])
    if not any(form in text for form in spellings(key)):
        assert mask.text(text) == text


def test_a_short_secret_is_masked_only_where_it_stands_alone() -> None:
    mask = Mask(["abc"])

    assert mask.value(["abc", "abcd", "x abc"]) == ["****", "abcd", "x abc"]


def test_a_number_that_is_secret_is_masked_as_number_and_in_text() -> None:
    mask = Mask(texts_of([123456, 7, True]))

    assert mask.value([123456, 7, "pin 123456", True]) == ["****", 7, "pin ****", True]


def test_each_longer_line_of_a_secret_is_found_by_itself() -> None:
    line = "MIIEvQIBADANBgkq"
    mask = Mask([f"-----BEGIN KEY-----\n{line}\nend"])

    assert (mask.text(f"line: {line}"), mask.text("end")) == ("line: ****", "end")


@pytest.mark.parametrize("cut", range(4, 12))
def test_the_beginning_of_a_secret_at_the_end_of_a_cut_text_is_masked(cut: int) -> None:
    key = "sk-0123456789"
    shown = preview("x" * (256 - cut) + key + "y" * 2000)
    assert shown["preview"].endswith(key[:cut])

    assert Mask([key]).value(shown)["preview"] == "x" * (256 - cut) + "****"
    assert Mask([key]).text(f"text {key[:cut]}…") == "text ****…"


def test_texts_that_were_not_cut_may_end_as_a_secret_begins() -> None:
    assert Mask(["https://key"]).text("by https") == "by https"


def test_words_of_events_stay_though_a_secret_is_such_a_word() -> None:
    event = {"type": "job_update", "status": "completed", "seq": 7, "error": "completed", "node_name": "completed"}
    raw = msgspec.Raw(msgspec.msgpack.encode(event))

    masked = msgspec.msgpack.decode(Mask(["completed", "job_update"]).batch([raw]))

    assert masked == {**event, "error": "****"}


def test_events_without_a_secret_keep_their_bytes() -> None:
    raws = [msgspec.Raw(msgspec.msgpack.encode({"type": "log_update", "content": text})) for text in ("a", "b")]

    assert MASK.batch(raws) == b"".join(map(bytes, raws))


def test_a_value_that_is_nested_deep_is_masked_or_stars() -> None:
    deep: Any = KEY
    for _ in range(900):
        deep = [deep]
    data = msgspec.msgpack.encode({"value": {"deep": deep, "key": KEY}})

    masked = MASK.batch([msgspec.Raw(data)])

    assert KEY.encode() not in masked
    assert msgspec.msgpack.decode(masked)["value"]["key"] == "****"


@pytest.mark.parametrize(
    "value", ["open sesame, please", {"a": ["Bearer open sesame"]}, {"open sesame": 1}, b"open sesame"]
)
def test_encoded_values_that_hold_a_secret_are_known(value: Any) -> None:
    mask = Mask(["open sesame"])

    assert mask.may_be_in(msgspec.msgpack.encode(value))
    assert not mask.may_be_in(msgspec.msgpack.encode({"a": ["nothing of it"]}))
