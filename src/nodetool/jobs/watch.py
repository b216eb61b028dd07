"""Is a runner well? Decided from what it shows, once a second. Pure."""

from typing import Literal, NamedTuple

from nodetool.jobs.policy import Policy

Verdict = Literal["well", "stalled", "grown", "overrun"]


SLACK = 1.0
"""Seconds that a loop may be silent though no node has it for so long."""


class Signs(NamedTuple):
    """What a runner shows."""

    is_shared: bool
    runs: int
    """Runs that are under way in it."""
    silent: float
    """Seconds since its loop last went round."""
    memory: int
    """Bytes that it has in memory; 0 if that is not known."""
    limit: float = 0.0
    """Seconds that the node may take which has the loop, in a runner of its own; 0 is no limit."""


def verdict(signs: Signs, policy: Policy) -> Verdict:
    """Say what is wrong with a runner.

    A loop that stands still is wrong only where others wait for it: in a runner of its own a node may hold the
    interpreter for as long as it may work.
    """
    if policy.memory_per_runner and signs.memory > policy.memory_per_runner:
        return "grown"
    if signs.is_shared and signs.runs and policy.stall and signs.silent > policy.stall:
        return "stalled"
    if signs.limit and signs.silent > signs.limit + SLACK:
        return "overrun"
    return "well"
