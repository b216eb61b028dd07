"""The clock of the server jumps by hours, back and forth, while jobs run: times are wrong, and nothing else."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.trial import PLANTED, Trial

HOUR = 3600

JUMPS = (5 * HOUR, -9 * HOUR, 0, -30, 2 * HOUR)
"""How many seconds the clock is wrong, one after the other."""


class Clock:
    """The clock of a server in another process."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds: int) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.rename(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def trial(tmp_path: Path, clock: Clock) -> Iterator[Trial]:
    trial = Trial(tmp_path, "--clock", str(clock.file), module=PLANTED)
    yield trial
    trial.abandon()


@pytest.mark.timeout(180)
def test_jobs_go_on_in_their_order_whatever_the_time_is(trial: Trial, clock: Clock) -> None:
    crowd = trial.busy()
    trial.hold(crowd)
    begun = []
    for seconds in JUMPS:
        clock.set(seconds)
        begun += [sight.job_id for _ in range(3) if (sight := crowd.leave_it("echo"))]
        time.sleep(0.2)
    trial.let_go(crowd)

    assert trial.check() == []
    assert (crowd.cuts, crowd.refusals) == (0, [])
    assert {log.attempts for log in trial.checker.logs.values() if log.last["status"] == "completed"} == {1}
    ids = [sight.job_id for sight in crowd.sights]
    assert len(set(ids)) == len(ids)
    with trial.client() as client:
        listed = [job["id"] for job in client.http.get("/api/jobs?limit=1000").json()["jobs"]]
    assert [id for id in reversed(listed) if id in begun] == begun

    crowd = trial.busy()
    trial.hold(crowd)
    trial.kill_server()
    trial.cut_off(crowd)
    clock.set(-9 * HOUR)
    trial.served.start()

    assert trial.check() == [], "at the start it is earlier than when the jobs began"
    assert trial.close().violations == []
