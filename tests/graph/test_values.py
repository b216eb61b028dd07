from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.values import Misfit, check_limits, fit, is_empty
from nodetool.protocol.descriptions import TypeMetadata
from tests.graph.helpers import enum, kind

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_any_takes_every_value_as_it_is(value: Any) -> None:
    assert fit(value, kind("any")) == value


@given(
    JSON, st.sampled_from(["str", "int", "float", "bool", "list", "dict", "list[int]", "int|str", "image", "float?"])
)
def test_what_was_made_to_fit_fits_as_it_is(value: Any, spelled: str) -> None:
    try:
        made = fit(value, kind(spelled))
    except Misfit:
        return
    again = fit(made, kind(spelled))

    assert (again, type(again)) == (made, type(made))


@pytest.mark.parametrize(
    ("value", "spelled", "made"),
    [
        (3, "float", 3.0),
        (3.0, "int", 3),
        ([1, 2.0], "list[int]", [1, 2]),
        ({"a": 1}, "dict[str, float]", {"a": 1.0}),
        ([1, "a"], "tuple[float, str]", [1.0, "a"]),
        ([1, 2], "tuple[float]", [1.0, 2.0]),
        (3, "float|int", 3),
        (3, "float|str", 3.0),
        (None, "str?", None),
        (None, "none", None),
        (b"x", "bytes", b"x"),
        ({"type": "bytes", "base64": "eA=="}, "bytes", b"x"),
        ({"type": "image", "uri": "u"}, "image", {"type": "image", "uri": "u"}),
        ("2026-01-01T00:00:00Z", "datetime", "2026-01-01T00:00:00Z"),
        ("2026-01-01", "datetime", "2026-01-01T00:00:00Z"),
        ("2026-01-01", "date", "2026-01-01"),
        ({"type": "date", "year": 2026, "month": 1, "day": 2}, "date", "2026-01-02"),
        (
            {"type": "datetime", "year": 2026, "month": 1, "day": 2, "hour": 3, "tzinfo": "UTC", "utc_offset": 5400},
            "datetime",
            "2026-01-02T03:00:00.000000+01:30",
        ),
        ({"a": [1]}, "object", {"a": [1]}),
    ],
)
def test_makes_a_value_fit(value: Any, spelled: str, made: Any) -> None:
    found = fit(value, kind(spelled))

    assert (found, type(found)) == (made, type(made))


@pytest.mark.parametrize(
    ("value", "spelled", "message"),
    [
        (3.5, "int", "expected int, got float"),
        ("3", "int", "expected int, got str"),
        (True, "int", "expected int, got bool"),
        (True, "float", "expected float, got bool"),
        (1, "bool", "expected bool, got int"),
        (3, "str", "expected str, got int"),
        (None, "str", "expected str, got null"),
        ("a", "none", "expected none, got str"),
        ("a", "bytes", "expected bytes, got str"),
        ({"type": "bytes", "base64": 3}, "bytes", "expected bytes, got bytes"),
        ({"type": "bytes", "base64": "é"}, "bytes", "this is not base64"),
        ({}, "list[str]", "expected list[str], got dict"),
        ([], "dict", "expected dict, got list"),
        (["a", 1], "list[str]", "item 1: expected str, got int"),
        ({"k": "v"}, "dict[str, int]", "'k': expected int, got str"),
        ([1], "tuple[int, int]", "expected tuple[int, int], got 1 items"),
        ([], "int|str", "expected int | str, got list"),
        ({"type": "audio"}, "image", "expected image, got audio"),
        ({}, "image", "expected image, got dict"),
        ("31.1.2026", "date", "expected date, like 2026-01-31, and this is none"),
        ("soon", "datetime", "expected datetime, like 2026-01-31T12:00:00Z, and this is none"),
        ({"type": "date", "year": 2026}, "date", "expected date, like 2026-01-31, and this is none"),
        ({"type": "date"}, "datetime", "expected datetime, got date"),
        (2**70, "int", "an integer of more than 64 bits cannot be sent"),
        (2**70, "float", "an integer of more than 64 bits cannot be sent"),
        ([2**70], "any", "an integer of more than 64 bits cannot be sent"),
        (float("nan"), "float", "NaN and infinities cannot be sent"),
        ([float("inf")], "list", "NaN and infinities cannot be sent"),
    ],
)
def test_says_what_was_expected(value: Any, spelled: str, message: str) -> None:
    with pytest.raises(Misfit) as caught:
        fit(value, kind(spelled))

    assert str(caught.value) == message


def test_an_enum_takes_its_members_only() -> None:
    assert fit("fast", enum("fast", "good")) == "fast"
    assert fit("other", TypeMetadata(type="enum")) == "other"
    others: list[Any] = ["slow", True, 1.0]
    for value in others:
        with pytest.raises(Misfit, match="enum"):
            fit(value, enum("fast", "good", 1))


def test_limits_are_for_numbers() -> None:
    check_limits("text", 1, 2)
    check_limits(1, 1, 2)
    check_limits(2, None, None)
    with pytest.raises(Misfit, match=r"at least 1$"):
        check_limits(0, 1.0, 2)
    with pytest.raises(Misfit, match=r"at most 2\.5$"):
        check_limits(3, 1, 2.5)


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_knows_what_an_editor_leaves_empty(value: Any) -> None:
    assert is_empty(value)


@pytest.mark.parametrize("value", [0, False, "a", [0]])
def test_a_value_that_means_nothing_is_not_empty(value: Any) -> None:
    assert not is_empty(value)


@pytest.mark.parametrize("kind", ["date", "datetime"])
def test_a_date_of_the_year_0_was_never_set(kind: str) -> None:
    assert is_empty({"type": kind, "year": 0, "month": 0, "day": 0})
    assert not is_empty({"type": kind, "year": 1, "month": 1, "day": 1})
