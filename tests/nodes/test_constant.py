"""Constants hand over what they hold."""

from datetime import UTC, date
from typing import Any

import pytest

from nodetool.nodes import constant
from nodetool.sdk import Node
from nodetool.sdk.testing import run


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (constant.String(value="naïve ☕"), "naïve ☕"),
        (constant.String(), ""),
        (constant.Integer(value=-(2**63)), -(2**63)),
        (constant.Float(value=0.1), 0.1),
        (constant.Bool(value=True), True),
        (constant.Bool(), False),
        (constant.List(value=[1, "a", None]), [1, "a", None]),
        (constant.List(), []),
        (constant.Dict(value={"a": {"b": 1}}), {"a": {"b": 1}}),
    ],
    ids=repr,
)
def test_a_constant_gives_its_value(node: Node, value: Any) -> None:
    assert run(node) == value


def test_a_date_is_made_of_its_parts() -> None:
    assert run(constant.Date(year=2024, month=2, day=29)) == date(2024, 2, 29)
    assert run(constant.Date()) == date(1900, 1, 1)


def test_a_time_has_a_zone_or_an_offset() -> None:
    summer = run(constant.DateTime(year=2026, month=7, day=1, hour=12, tzinfo="Europe/Berlin"))
    east = run(constant.DateTime(year=2026, month=7, day=1, hour=12, utc_offset=5 * 3600 + 1800))

    assert run(constant.DateTime()).isoformat() == "1900-01-01T00:00:00+00:00"
    assert summer.astimezone(UTC).hour == 10
    assert east.isoformat() == "2026-07-01T12:00:00+05:30"


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (constant.Date(year=2023, month=2, day=29), "day: month 2 of 2023 has no such day, got 29"),
        (constant.DateTime(month=4, day=31), "day: month 4 of 1900 has no such day, got 31"),
        (constant.DateTime(tzinfo="Mars/Base"), "tzinfo: there is no such zone, got 'Mars/Base'"),
        (constant.DateTime(tzinfo="../../etc/passwd"), "tzinfo: there is no such zone"),
        (constant.Date(month=13), "month: Expected `int` <= 12"),
    ],
)
def test_a_date_that_there_is_not_is_named(node: Node, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(node)


@pytest.mark.parametrize("node", [constant.Integer(value="3"), constant.List(value={}), constant.Bool(value=2)])  # type: ignore[arg-type]
def test_a_constant_has_a_type(node: Node) -> None:
    with pytest.raises(ValueError, match="value: Expected"):
        run(node)
