"""A server is killed again and again, over one home, while clients of every kind are at it: no run is ever lost."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.durability.trial import Trial

ROUNDS = (("everything",), ("server",), ("runners",), ("server", "everything"))
"""What is killed between two looks at the jobs."""

LONGEST = 0.8
"""Seconds of work before a kill, at most."""


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path)
    yield trial
    trial.abandon()


@pytest.mark.timeout(3600)
def test_no_accepted_job_is_lost_however_often_the_server_is_killed(trial: Trial, scale: int, seed: int) -> None:
    print(f"\nseed {seed}")
    random = Random(seed)
    kills = interrupted = 0
    for _ in range(scale):
        for what in random.sample(ROUNDS, len(ROUNDS)):
            moments = one_round(trial, what, random)
            under_way = [len(trial.under_way(moment)) for moment in moments]
            assert all(under_way), "a kill that interrupts nothing proves nothing"
            kills += len(moments)
            interrupted += sum(under_way)
    jobs = len(trial.checker.logs)
    audit = trial.close()
    print(f"{kills} kills, {jobs} jobs seen by clients, {audit.jobs} stored, {interrupted} interrupted")

    assert audit.violations == []


def one_round(trial: Trial, kills: tuple[str, ...], random: Random) -> list[int]:
    """Work, kill, start again, and check all jobs. Returns the moments of the kills."""
    crowd = trial.crowd()
    held = trial.hold(crowd)
    crowd.gather()
    crowd.come(lambda: crowd.regret("long"), 0.5)
    time.sleep(random.uniform(0, LONGEST))
    if kills == ("runners",):
        moments = [trial.kill_runners()]
        time.sleep(0.2)
        trial.let_go(crowd)
        assert crowd.cuts == 0
    else:
        victim = crowd.leave_it("long")
        assert victim
        crowd.cancel(victim)
        moments = [trial.kill(kills[0])]
        trial.cut_off(crowd)
        for what in kills[1:]:
            trial.served.launch()
            time.sleep(random.uniform(0, 2 * LONGEST))
            moments.append(trial.kill(what))
        trial.served.start()
        assert victim.is_cancelled
    assert trial.check() == []
    assert trial.refusals == []
    assert {trial.checker.logs[sight.job_id].attempts > 1 for sight in held} == {True}
    return moments
