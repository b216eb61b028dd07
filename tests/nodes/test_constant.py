"""Constants hand over what they hold."""

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


@pytest.mark.parametrize("node", [constant.Integer(value="3"), constant.List(value={}), constant.Bool(value=2)])  # type: ignore[arg-type]
def test_a_constant_has_a_type(node: Node) -> None:
    with pytest.raises(ValueError, match="value: Expected"):
        run(node)
