"""Jobs that harm whatever runs them, beside a hundred good ones: each fails with its reason, and the good complete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.acceptance.client import Client
from tests.acceptance.processes import wait
from tests.durability.checker import PATIENCE, audit
from tests.durability.trial import PLANTED, Trial
from tests.graphs import Json, through

GOOD = 100

MAX_EVENTS = 1500
MIB = 160
TIMEOUT = 10

LIMITS = ("--stall", "1", "--memory-per-runner", str(MIB), "--max-events", str(MAX_EVENTS))


class Poison(NamedTuple):
    """What a harmful job does, and how it has to end."""

    graph: Json
    code: str
    reason: str
    attempts: int = 1
    """How many of its attempts count."""
    is_named: bool = True
    """The failure names its node."""


def poisons(folder: Path) -> dict[str, Poison]:
    return {
        "exits": Poison(
            through("tests.Exit", path=str(folder / "exits")),
            "attempts_exhausted",
            "the job was started 3 times and never ended: the process that ran it ended",
            attempts=3,
        ),
        "eats": Poison(
            through("tests.Eat"),
            "attempts_exhausted",
            f"the job was started 3 times and never ended: its runner grew beyond {MIB} MiB",
            attempts=3,
        ),
        "recurses": Poison(through("tests.Recurse"), "node_failed", "maximum recursion depth exceeded"),
        # The first attempt is ended because others share its loop; the second has a runner to itself, and all the time.
        "holds": Poison(through("tests.Hold"), "timed_out", f"the run took longer than {TIMEOUT} seconds", attempts=2),
        "floods": Poison(
            through("tests.Pieces", count=10**9), "too_many_events", f"more than {MAX_EVENTS} events", is_named=False
        ),
    }


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    trial = Trial(tmp_path, *LIMITS, "--job-timeout", str(TIMEOUT), module=PLANTED)
    yield trial
    trial.abandon()


@pytest.mark.timeout(180)
def test_jobs_that_harm_their_runner_fail_and_a_hundred_others_complete(trial: Trial, tmp_path: Path) -> None:
    poison = poisons(tmp_path)
    with trial.client() as client:
        for id, made in poison.items():
            client.save(id, made.graph)
        client.save("good", through("bench.nodes.Steps", steps=10, seconds=0.1))
        good = [client.start("good", text=str(number)) for number in range(GOOD // 2)]
        bad = {id: client.start(id, text="x") for id in poison}
        good += [client.start("good", text=str(number)) for number in range(GOOD // 2, GOOD)]
        wait(lambda: all(has_ended(client, id) for id in (*good, *bad.values())), PATIENCE)

        for id, made in poison.items():
            check_end(client, bad[id], made)
        ended = [client.job(id) for id in good]
    seen = audit(trial.served.home)

    assert [job["result"] for job in ended] == [{"out": str(number)} for number in range(GOOD)]
    assert max(job["attempt"] for job in ended) > 1, "none of them was disturbed"
    assert {seen.failures[id] for id in good} == {0}, "the attempt of a good job counts as one that ended badly"
    assert trial.close().violations == []


def has_ended(client: Client, id: str) -> Any:
    return client.job(id)["finished_at"]


def check_end(client: Client, id: str, poison: Poison) -> None:
    """Check that a job failed as it had to, after as many attempts."""
    last = client.lines_again(id).last
    assert (last["status"], last["code"]) == ("failed", poison.code), client.lines_again(id).events
    assert poison.reason in last["error"]
    assert last["attempt"] >= poison.attempts
    assert [fault["node_id"] for fault in last.get("errors", [])] == ["node"] * poison.is_named
