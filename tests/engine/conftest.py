"""A player with all the nodes of these tests."""

from collections.abc import Iterator

import pytest

from tests.engine.harness import Player
from tests.engine.kinds import KINDS, OPEN


@pytest.fixture(scope="session")
def player() -> Iterator[Player]:
    with Player(*KINDS) as player:
        yield player


@pytest.fixture(autouse=True)
def _no_generator_is_left_open() -> Iterator[None]:
    yield
    assert OPEN == []
