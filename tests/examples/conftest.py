"""One server for the examples, and the examples with what they import."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.example import Example
from tests.serving import Served, serving

EXAMPLES = ["run_workflow.sh", "run_workflow_streaming.js", "run_workflow_websocket.js", "run_workflow.py"]


@pytest.fixture(scope="session")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("examples") / "home"
    with serving(home, "--nodes", str(root / "bench" / "nodes.py")) as served:
        yield served


@pytest.fixture(params=EXAMPLES)
def example(request: pytest.FixtureRequest, root: Path, server: Served, tmp_path: Path) -> Example:
    """An example, copied to where a user might have it."""
    script = Path(shutil.copy(root / "examples" / request.param, tmp_path))
    match script.suffix:
        case ".js":
            (tmp_path / "node_modules").symlink_to(root / "tests" / "js" / "node_modules")
            command = [request.getfixturevalue("node"), str(script)]
        case ".py":
            command = [sys.executable, str(script)]
        case _:
            command = [str(script)]
    return Example(script.name, command, server)
