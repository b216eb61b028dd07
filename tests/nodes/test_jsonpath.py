"""Paths into nested data."""

from typing import Any

import pytest

from nodetool.nodes.jsonpath import (
    GetJSONPathBool,
    GetJSONPathDict,
    GetJSONPathFloat,
    GetJSONPathInt,
    GetJSONPathList,
    GetJSONPathStr,
)
from nodetool.sdk import Node
from nodetool.sdk.testing import run

FORECAST = {
    "place": {"name": "Genève", "at": [46.2, 6.15]},
    "days": [{"max": 21, "rain": False}, {"max": 18.5, "rain": True}],
    "count": "2",
    "note": None,
    "": "empty",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("place.name", "Genève"),
        ("$.place.name", "Genève"),
        ("days.1.max", "18.5"),
        ("days[0].max", "21"),
        ("$.days[-1].rain", "true"),
        ("place.at", "[46.2, 6.15]"),
        ("place.nowhere", "none"),
        ("days.2.max", "none"),
        ("days.first", "none"),
        ("count.0", "none"),
        ("note", "none"),
    ],
)
def test_a_path_leads_to_text(path: str, value: str) -> None:
    assert run(GetJSONPathStr(data=FORECAST, path=path, default="none")) == value


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (GetJSONPathInt(data=FORECAST, path="days.0.max"), 21),
        (GetJSONPathInt(data=FORECAST, path="count"), 2),
        (GetJSONPathInt(data=FORECAST, path="nowhere", default=7), 7),
        (GetJSONPathFloat(data=FORECAST, path="days.0.max"), 21.0),
        (GetJSONPathFloat(data=FORECAST, path="place.at.1"), 6.15),
        (GetJSONPathFloat(data=None, path="a", default=0.5), 0.5),
        (GetJSONPathBool(data=FORECAST, path="days.1.rain"), True),
        (GetJSONPathBool(data={"on": "false"}, path="on", default=True), False),
        (GetJSONPathBool(data={"on": 1}, path="on"), True),
        (GetJSONPathList(data=FORECAST, path="place.at"), [46.2, 6.15]),
        (GetJSONPathList(data=[1], path=""), [1]),
        (GetJSONPathList(data=FORECAST, path="note", default=["x"]), ["x"]),
        (GetJSONPathDict(data=FORECAST, path="days.0"), {"max": 21, "rain": False}),
        (GetJSONPathDict(data=FORECAST, path="$"), FORECAST),
        (GetJSONPathDict(data=FORECAST, path="days.9", default={"max": 0}), {"max": 0}),
    ],
    ids=lambda value: type(value).__name__ + getattr(value, "path", ""),
)
def test_a_path_leads_to_a_value_of_the_type(node: Node, value: Any) -> None:
    found = run(node)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (GetJSONPathInt(data=FORECAST, path="days.1.max"), "path: 'days.1.max' leads to a value that does not fit"),
        (GetJSONPathInt(data=FORECAST, path="place.name"), "Expected `int`, got `str`"),
        (GetJSONPathFloat(data=FORECAST, path="days"), "Expected `float`, got `array`"),
        (GetJSONPathBool(data=FORECAST, path="place.name"), "Expected `bool`, got `str`"),
        (GetJSONPathList(data=FORECAST, path="place"), "path: expected an array, got an object"),
        (GetJSONPathDict(data=FORECAST, path="count"), "path: expected an object, got a string"),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_an_error(node: Node, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(node)
