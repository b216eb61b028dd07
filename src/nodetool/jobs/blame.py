"""Whose fault is it that a runner is gone? Pure: from what died, and what was seen of it.

An attempt counts only where the run was alone in its runner, or its node is known to be at fault. Others are queued
again uncounted; where nobody is known to be at fault, each starts again in a runner of its own, where it will show.
"""

from typing import NamedTuple


class Death(NamedTuple):
    """A runner that is gone."""

    is_shared: bool
    was_meant: bool
    """We killed it because of one of its runs, or let it go."""
    culprit: int | None
    """The job whose node it was in."""
    jobs: int
    """Runs that were under way in it."""


class Sentence(NamedTuple):
    """What becomes of one of its runs."""

    counts: bool
    alone: bool


def sentence(job_no: int, death: Death) -> Sentence:
    """Say whether the attempt of a job counts, and whether its next one has a runner to itself."""
    if not death.is_shared or death.jobs == 1:
        return Sentence(counts=not death.was_meant or death.culprit == job_no, alone=not death.was_meant)
    if death.culprit is not None:
        guilty = job_no == death.culprit
        return Sentence(counts=guilty, alone=guilty)
    return Sentence(counts=False, alone=not death.was_meant)
