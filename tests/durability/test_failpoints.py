"""The server dies, or its storage fails or stalls, at each point of a job's life: nothing is lost, and it heals."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.processes import wait
from tests.durability.board import Board, Fault
from tests.durability.checker import Violation
from tests.durability.crowd import Crowd
from tests.durability.trial import PLANTED, PLENTY, Trial

pytestmark = pytest.mark.timeout(180)

MOMENT = 1.0
"""Seconds that a fault lasts, if it lasts."""


class Bench:
    """A trial whose server is at fault where its board says so."""

    def __init__(self, trial: Trial, board: Board) -> None:
        self.trial = trial
        self.board = board

    def order(self, fault: Fault) -> None:
        self.board.order(fault)

    def fires(self) -> None:
        wait(lambda: self.board.fired() == [0], PLENTY)

    def checked(self) -> list[Violation]:
        """Return what is wrong, once the fault has happened."""
        assert self.board.fired() == [0], "the fault never happened"
        return self.trial.check()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One home for all that goes wrong; at the end all of it is looked at once more."""
    folder = tmp_path_factory.mktemp("failpoints")
    trial = Trial(folder, "--faults", str(folder / "board"), module=PLANTED)
    try:
        yield Bench(trial, Board(folder / "board"))
        audit = trial.close()
        print(f"\n{audit.jobs} jobs stored, {len(trial.refusals)} requests refused")
        assert audit.violations == []
        assert audit.texts.isdisjoint(refusal.text for refusal in trial.refusals)
    finally:
        trial.abandon()


def at(*points: str, **fault: Any) -> list[Any]:
    """Return such a fault at each of these points, under its name."""
    faults = [Fault(point=point, **fault) for point in points]
    return [pytest.param(fault, id=str(fault)) for fault in faults]


# While clients are at it: a job is accepted, a runner is found for it, what it tells is stored, and so is its end.


KILLS = [*at("accept", "store", "end", nth=2), *at("accept", "claim", "store", "end", side="after", nth=2)]


@pytest.mark.parametrize("fault", KILLS)
def test_a_server_that_dies_at_this_point_loses_nothing(bench: Bench, fault: Fault) -> None:
    crowd = bench.trial.busy()
    bench.order(fault)
    assert bench.trial.dies() == -9
    bench.trial.cut_off(crowd)
    bench.trial.served.start()

    assert bench.checked() == []


FAILURES = [
    *at("accept", "claim", "store", "end", action="fail"),
    *at("accept", "end", action="full", seconds=MOMENT),
    *at("store", action="fail", seconds=MOMENT),
]


@pytest.mark.parametrize("fault", FAILURES)
def test_a_storage_that_fails_at_this_point_costs_requests_and_no_job(bench: Bench, fault: Fault) -> None:
    refused = len(bench.trial.refusals)
    crowd = bench.trial.busy()
    bench.order(fault)
    bench.fires()
    time.sleep(fault.seconds)
    bench.trial.let_go(crowd)

    assert bench.checked() == []
    assert crowd.cuts == 0
    told = {(refusal.status, refusal.code) for refusal in bench.trial.refusals[refused:]}
    assert told <= {(503, "storage_failed"), (507, "storage_full"), (0, "storage_failed"), (0, "storage_full")}
    assert told or fault.point != "accept"
    assert fault.action != "full" or {(507, "storage_full")} <= told


STALLS = [*at("accept", "end", action="stall", seconds=MOMENT)]
STALLS += at("accept", "claim", "store", "end", side="after", action="stall", seconds=MOMENT)


@pytest.mark.parametrize("fault", STALLS)
def test_a_storage_that_stalls_at_this_point_is_waited_for(bench: Bench, fault: Fault) -> None:
    refused = len(bench.trial.refusals)
    crowd = bench.trial.busy()
    bench.order(fault)
    bench.fires()
    bench.trial.let_go(crowd)

    assert bench.checked() == []
    assert (crowd.cuts, bench.trial.refusals[refused:]) == (0, [])


def test_events_that_cannot_be_read_break_readers_off_and_no_job(bench: Bench) -> None:
    crowd = bench.trial.busy()
    done = crowd.sights[0].job_id
    bench.order(Fault(point="read", action="fail", seconds=MOMENT))
    with bench.trial.client() as client:
        wait(lambda: client.http.get(f"/api/jobs/{done}/events").status_code == 503, PLENTY)
    time.sleep(MOMENT)
    bench.trial.let_go(crowd)

    assert bench.checked() == []


# While a server starts, and takes up what the last one left.


WHEREVER = [
    *at("sweep", nth=2),
    *at("sweep", side="after"),
    *at("sweep", action="fail", seconds=MOMENT),
    *at("sweep", side="after", action="stall", seconds=MOMENT),
]


@pytest.mark.parametrize("fault", WHEREVER)
def test_a_start_that_goes_wrong_while_jobs_are_queued_again_loses_none(bench: Bench, fault: Fault) -> None:
    crowd = held(bench)
    bench.trial.kill_server()
    bench.trial.cut_off(crowd)
    bench.order(fault)
    bench.trial.served.launch()
    if fault.action == "kill":
        assert bench.trial.dies() == -9
        bench.trial.served.launch()
    bench.trial.served.wait_until_ready()

    assert bench.checked() == []


def held(bench: Bench) -> Crowd:
    crowd = bench.trial.crowd()
    bench.trial.hold(crowd)
    return crowd


# While a server is told to stop, and jobs outlast its patience.


DRAINS = [
    *at("drain"),
    *at("drain", side="after"),
    *at("drain", action="fail", seconds=3 * MOMENT),
    *at("drain", action="stall", seconds=2 * MOMENT),
]


@pytest.mark.parametrize("fault", DRAINS)
def test_a_stop_that_goes_wrong_while_jobs_are_put_back_loses_none(bench: Bench, fault: Fault) -> None:
    crowd = held(bench)
    bench.order(fault)
    bench.trial.served.process.terminate()
    assert bench.trial.dies() == (-9 if fault.action == "kill" else 0)
    bench.trial.cut_off(crowd)
    bench.trial.served.start()

    assert bench.checked() == []
