"""A real server for the tests that leave it standing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.client import Client
from tests.runner.helpers import PACKS
from tests.serving import Served, serving

ARGS = [part for pack in PACKS for part in ("--nodes", pack)]
ARGS += ["--log-level", "debug"]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served") / "home", *ARGS) as served:
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    made = Client(served.url)
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a server of the test's own."""
    return tmp_path / "home"
