"""The checker that finds nothing wrong with the server finds out each server that has a fault built in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import wait
from tests.durability.crowd import Crowd, Sight
from tests.durability.liars import LIARS
from tests.durability.trial import PLANTED, PLENTY, Trial

FORGETFUL = "forgets what had not ended"

BROKEN = {
    "accepts before it stores": "kept",
    "sends before it stores": "logged",
    "confirms a cancel before it stores it": "cancelled",
    FORGETFUL: "ended",
    "ends twice": "one end",
}
"""The promise that each of them breaks."""


@pytest.fixture
def trial(tmp_path: Path, lie: str) -> Iterator[Trial]:
    trial = Trial(tmp_path, "--lie", lie, module=PLANTED)
    yield trial
    trial.abandon()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("lie", LIARS)
def test_a_server_with_a_planted_fault_is_found_out(trial: Trial, lie: str) -> None:
    crowd = trial.crowd()
    crowd.wait_for("echo")
    crowd.come(lambda: crowd.stream("trek"))
    wait(lambda: any(len(sight.lines) > 5 for sight in seen(crowd, "trek")), PLENTY)
    crowd.come(lambda: crowd.stream("gate"))
    wait(lambda: seen(crowd, "gate"), PLENTY)
    if victim := crowd.leave_it("long"):
        crowd.cancel(victim)
    trial.kill_server()
    trial.cut_off(crowd)
    if lie == FORGETFUL:
        trial.served.start()
    else:
        trial.hand_over()

    assert BROKEN[lie] in {violation.promise for violation in trial.check()}


def seen(crowd: Crowd, workflow: str) -> list[Sight]:
    return [sight for sight in crowd.sights if sight.workflow == workflow]
