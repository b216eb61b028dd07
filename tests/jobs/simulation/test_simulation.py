"""Servers under every kind of trouble, from seeds: no law of a job is ever broken, and a fault on purpose is found.

``./test tests/jobs/simulation --scale 50`` runs 10,000 seeds, ``--world N`` one of them again.
"""

import pytest

from tests.jobs.simulation.planted import PLANTED
from tests.jobs.simulation.server import Parts
from tests.jobs.simulation.world import Failed, World

SEEDS = 200
"""At ``--scale 1``."""

PARTS = 8
"""In so many tests, which may run side by side."""

pytestmark = pytest.mark.timeout(4 * 3600)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_law_is_broken(part: int, scale: int, request: pytest.FixtureRequest) -> None:
    chosen: int | None = request.config.getoption("--world")
    seeds = range(part, SEEDS * scale, PARTS) if chosen is None else [chosen] if part == chosen % PARTS else []
    turns = 0
    for seed in seeds:
        world = World(seed)
        world.run()
        turns += world.turns

    print(f"{len(seeds)} seeds, {turns} turns of the loop")


@pytest.mark.parametrize("name", PLANTED)
def test_a_fault_on_purpose_is_found(name: str) -> None:
    seed = next((seed for seed in range(SEEDS) if is_found(seed, PLANTED[name])), None)

    print(f"{name}: found by seed {seed}")
    assert seed is not None


def is_found(seed: int, parts: Parts) -> bool:
    try:
        World(seed, parts).run()
    except Failed:
        return True
    return False
