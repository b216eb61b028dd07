"""All that is left to chance, from one seed; and which faults a seed has."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from random import Random
from typing import Self, TypeVar

T = TypeVar("T")

PAUSES = (0.0, 0.0, 0.0002, 0.001, 0.004, 0.03, 0.25, 1.2)
"""Seconds that things take; the long ones are as long as what the server waits for."""


class Chance:
    """The same seed makes the same choices."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def pick(self, some: Sequence[T]) -> T:
        return some[int(self._random.random() * len(some))]

    def upto(self, limit: int) -> int:
        """Return 0 to *limit*."""
        return int(self._random.random() * (limit + 1))

    def pause(self) -> float:
        return self.pick(PAUSES) * (0.5 + self._random.random())

    def moment(self) -> float:
        """Return one of the short pauses."""
        return self.pick(PAUSES[:6]) * (0.5 + self._random.random())


@dataclass
class Faults:
    """How likely each is, where it may happen. Each seed has some of them: all at once would hide one another."""

    commit_fails: float = 0.0
    """A commit."""
    commit_lasts: float = 0.0
    """A commit takes long."""
    disk_fills: float = 0.0
    """An act: for some seconds no commit works."""
    dies: float = 0.0
    """A step of a run; its runner dies."""
    dies_at_start: float = 0.0
    never_up: float = 0.0
    """A runner does not say hello."""
    mismatch: float = 0.0
    """It says another version."""
    stalls: float = 0.0
    """A step of a run: its runner's loop stands still."""
    grows: float = 0.0
    babbles: float = 0.0
    """A run tells a lot, as fast as it can."""
    hangs: float = 0.0
    """A run ends only when it is stopped."""
    stubborn: float = 0.0
    """A run does not hear that it is to stop."""
    fails: float = 0.0
    leaves: float = 0.0
    """The runner ends behind the end of the run."""
    forgets_plans: float = 0.0
    doubles: float = 0.0
    """A step of a run: events are sent twice, or not at all."""
    stale: float = 0.0
    """A step of a run: frames of another attempt, or of no job."""
    haunts: float = 0.0
    """A runner is heard after its loss."""
    types_vanish: float = 0.0
    """A start of the server: some types of nodes are not there any more."""
    lingers: float = 0.0
    """A killed runner takes seconds to be gone."""
    clock_jumps: float = 0.0
    """An act."""
    stands_still: float = 0.0
    """An act: the server's process does not run for some seconds."""

    @classmethod
    def drawn(cls, chance: Chance) -> Self:
        return cls(**{field.name: chance.pick((0.0, 0.0, 0.1, 0.3)) for field in fields(cls)})

    @property
    def are_quick(self) -> bool:
        """None of them makes things take long that nobody else could hasten."""
        return not (self.commit_fails or self.commit_lasts or self.disk_fills or self.lingers or self.stands_still)

    def cease(self) -> None:
        for field in fields(self):
            setattr(self, field.name, 0.0)
