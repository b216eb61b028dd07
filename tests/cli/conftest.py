"""One home for all commands: the node types are described once. And one with jobs, and its server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.house import House, standing
from tests.cli.quick import Quick
from tests.cli.quick import quick as quick_commands


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli") / "home"


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Quick]:
    with quick_commands(tmp_path_factory.mktemp("quick")) as quick:
        yield quick


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, quick: Quick) -> Iterator[House]:
    with standing(tmp_path_factory.mktemp("house"), quick) as house:
        yield house
