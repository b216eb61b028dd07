"""What may be set on a handle, and what the refusal says."""

import datetime
import enum
import math
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.engine.convert import Misfit, converter
from nodetool.protocol.values import Chunk
from nodetool.sdk import Meta


def convert(hint: Any, value: Any, *, spelled: bool = False) -> Any:
    check = converter(hint, spelled=spelled)
    return check(value) if check else value


class Colour(enum.Enum):
    RED = "red"


class Thing:
    pass


class Flag(int):
    pass


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (str, "a", "a"),
        (str, Word("a"), "a"),
        (int, 3, 3),
        (int, 3.0, 3),
        (int, Flag(3), 3),
        (float, 3, 3.0),
        (float, Flag(3), 3.0),
        (bool, True, True),
        (Annotated[int, Meta(ge=1)], 2.0, 2),
        (int | None, None, None),
        (list[float], [1, 2.5], [1.0, 2.5]),
        (list[int], (1, 2), [1, 2]),
        (dict[str, Any], {"a": [1]}, {"a": [1]}),
        (Literal["a", "b"], "b", "b"),
        (Colour, "red", Colour.RED),
        (datetime.date, datetime.date(2020, 1, 2), datetime.date(2020, 1, 2)),
        (bytes, b"x", b"x"),
        (Chunk, {"type": "chunk", "content": "x"}, Chunk(content="x")),
    ],
)
def test_takes(hint: Any, value: Any, expected: Any) -> None:
    taken = convert(hint, value)

    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("hint", "value", "message"),
    [
        (str, 1, "expected str, got int"),
        (str, None, "expected str, got none"),
        (str, b"x", "expected str, got bytes"),
        (int, "1", "expected int, got str"),
        (int, True, "expected int, got bool"),
        (int, 1.5, "expected int, got float"),
        (int, float("nan"), "expected int, got float"),
        (int, float("inf"), "expected int, got float"),
        (float, True, "expected float, got bool"),
        (float, 10**400, "expected float, got an int too large for one"),
        (bool, 1, "expected bool, got int"),
        (Annotated[int, Meta(ge=1)], 0, "expected int >= 1: 0"),
        (list[int], ["x"], "expected int, got str - at $[0]"),
        (list[int], "x", "expected array, got str: 'x'"),
        (Literal["a"], "b", "invalid enum value 'b': 'b'"),
        (datetime.date, "2020-01-02", "expected date, got str: '2020-01-02'"),
        (bytes, "aGk=", "expected bytes, got str: 'aGk='"),
        (Thing, 3, "expected Thing, got int: 3"),
    ],
)
def test_refuses_and_says_what_came(hint: Any, value: Any, message: str) -> None:
    with pytest.raises(Misfit) as raised:
        convert(hint, value)

    assert str(raised.value) == message


def test_a_value_from_a_document_may_be_spelled_as_text() -> None:
    assert convert(datetime.date, "2020-01-02", spelled=True) == datetime.date(2020, 1, 2)
    assert convert(bytes, "aGk=", spelled=True) == b"hi"


def test_an_object_of_the_handles_class_is_passed_on_as_it_is() -> None:
    thing = Thing()

    assert convert(Thing, thing) is thing


@pytest.mark.parametrize("hint", [Any, object, Annotated[Any, Meta(description="whatever")]])
def test_any_needs_no_check(hint: Any) -> None:
    assert converter(hint) is None


def test_a_description_does_not_slow_a_handle_down() -> None:
    assert converter(Annotated[str, Meta(description="a text")]) is converter(str)
    assert converter(Annotated[str, Meta(max_length=3)]) is not converter(str)


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.text(), st.none(), st.binary()))
def test_what_is_taken_for_a_number_has_the_same_value(value: Any) -> None:
    for hint in (int, float):
        try:
            taken = convert(hint, value)
        except Misfit:
            continue
        assert type(taken) is hint
        assert taken == value or math.isnan(value) or abs(value) > 2**53


@pytest.mark.parametrize("value", ["text", b"\xff"])
def test_a_handle_for_text_or_bytes_takes_both_as_they_are(value: str | bytes) -> None:
    convert = converter(str | bytes)

    assert convert
    assert convert(value) is value
    with pytest.raises(Misfit, match=r"expected str \| bytes, got int"):
        convert(1)
