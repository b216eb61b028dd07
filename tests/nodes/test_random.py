"""Chance, within limits."""

import pytest

from nodetool.nodes.random import RandomBool, RandomChoice, RandomFloat, RandomInt
from nodetool.sdk import Node
from nodetool.sdk.testing import run


def test_chance_keeps_to_its_limits() -> None:
    assert {run(RandomInt(minimum=1, maximum=3)) for _ in range(200)} == {1, 2, 3}
    assert all(0.5 <= run(RandomFloat(minimum=0.5, maximum=0.6)) <= 0.6 for _ in range(50))
    assert {run(RandomBool()) for _ in range(100)} == {True, False}
    assert {run(RandomChoice(options=["a", None, 1])) for _ in range(200)} == {"a", None, 1}


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (RandomInt(minimum=1, maximum=0), "maximum: must not be less than the minimum of 1, got 0"),
        (RandomFloat(minimum=1, maximum=0), "maximum: must not be less than the minimum of 1"),
        (RandomChoice(), "options: must not be empty"),
    ],
    ids=repr,
)
def test_limits_that_cannot_be_are_named(node: Node, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(node)
