"""Whether a runner is well."""

import pytest

from nodetool.jobs.policy import Policy
from nodetool.jobs.watch import Signs, verdict

POLICY = Policy(stall=10, memory_per_runner=100)


@pytest.mark.parametrize(
    ("signs", "expected"),
    [
        (Signs(is_shared=True, runs=1, silent=0.3, memory=50), "well"),
        (Signs(is_shared=True, runs=1, silent=11, memory=50), "stalled"),
        (Signs(is_shared=True, runs=0, silent=11, memory=50), "well"),
        (Signs(is_shared=False, runs=1, silent=11, memory=50), "well"),
        (Signs(is_shared=False, runs=1, silent=0, memory=101), "grown"),
        (Signs(is_shared=True, runs=2, silent=11, memory=101), "grown"),
        (Signs(is_shared=False, runs=1, silent=5.5, memory=0, limit=5), "well"),
        (Signs(is_shared=False, runs=1, silent=6.1, memory=0, limit=5), "overrun"),
    ],
    ids=[
        "in time",
        "stands still",
        "stands still with nobody waiting",
        "alone may hold its loop",
        "large",
        "both",
        "alone, and just over what a node may take",
        "alone, and longer than a node may take",
    ],
)
def test_a_runner_is_judged_by_its_signs(signs: Signs, expected: str) -> None:
    assert verdict(signs, POLICY) == expected


def test_no_limit_is_no_limit() -> None:
    assert verdict(Signs(is_shared=True, runs=1, silent=1e6, memory=1 << 40), Policy(stall=0)) == "well"
