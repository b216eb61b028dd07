"""One server for the code of the documentation."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving import Served, serving


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the examples and the nodes for measuring, which pages opened from disk may call."""
    home = tmp_path_factory.mktemp("docs") / "home"
    with serving(home, "--nodes", str(root / "bench" / "nodes.py"), "--examples", "--allow-origin", "null") as served:
        yield served


@pytest.fixture
def api(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=10, trust_env=False) as client:
        yield client
