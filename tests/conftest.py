"""What every test may ask for. Fixtures of one room live in that room's folder."""

import os
import shutil
from pathlib import Path
from random import randrange

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--world", type=int, help="the one seed that the simulation of jobs runs again")
    parser.addoption("--scale", type=int, default=1, help="how much the heavy proofs do: 1 in ./test, 100 by hand")
    parser.addoption("--seed", type=int, default=randrange(1 << 32), help="what the heavy proofs draw from")


def pytest_configure() -> None:
    """Settings of the shell that starts the tests are no part of them; nor is how busy the machine is."""
    settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("busy")
    for name in [
        name for name in os.environ if name.startswith(("NODETOOL_", "WORKER_", "AUTH_", "SUPABASE_", "SECRETS_"))
    ]:
        del os.environ[name]


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> int:
    """How much a heavy proof does; it prints what it did."""
    scale: int = request.config.getoption("--scale")
    return scale


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What a proof draws from; it prints this, so that it can be made to draw the same again."""
    seed: int = request.config.getoption("--seed")
    return seed


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js; the packages that scripts import are in tests/js/node_modules."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed (Debian, Ubuntu: apt-get install nodejs npm)")
    if not (ROOT / "tests" / "js" / "node_modules").is_dir():
        pytest.skip("the JavaScript packages are not installed: npm was missing when ./test set up")
    return found
