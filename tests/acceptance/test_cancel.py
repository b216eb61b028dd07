"""Cancel stops the work: first it is recorded and answered, then the work ends, then the job does."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.client import Client, Event
from tests.acceptance.processes import group_of, is_still, runners, wait
from tests.graphs import through
from tests.serving import Served

BOUND = 2.0
"""Seconds; generous, since the machine may be busy. bench/cancel.py has the figure."""

KINDS = {
    "awaiting": "tests.BeatAsync",
    "blocking": "tests.Beat",
    "computing": "tests.BeatBusy",
    "in a call of C that holds the interpreter": "tests.BeatHeld",
    "with a process of its own": "tests.BeatChild",
    "that swallows it": "tests.Stubborn",
}


class Watched:
    """A running job whose node writes the moment to a file, and who follows it in a thread."""

    def __init__(self, client: Client, served: Served, kind: str, path: Path) -> None:
        self.client = client
        self.path = path
        client.save("beat", through(kind, path=str(path)))
        self.id = client.start("beat")
        self.events: list[Event] = []
        self.ended_at = 0.0
        self.still = False
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        wait(lambda: path.exists() and path.read_text())
        self.runners = runners(served)

    def _follow(self) -> None:
        headers = {"Accept": "application/x-ndjson"}
        with self.client.http.stream("GET", f"/api/jobs/{self.id}/events", headers=headers) as answer:
            for line in answer.iter_lines():
                if line:
                    self.events.append(json.loads(line))
        self.ended_at = time.monotonic()
        self.still = is_still(self.path)

    def end(self) -> None:
        self._thread.join(10)
        assert self.ended_at


@pytest.mark.parametrize("way", ["http", "socket"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_the_work_has_stopped_when_the_job_is_cancelled(
    client: Client, served: Served, tmp_path: Path, kind: str, way: str
) -> None:
    job = Watched(client, served, kind, tmp_path / "beat")
    begun = time.monotonic()
    status = cancel(client, job.id, way)
    job.end()

    assert status in ("running", "cancelled")
    assert job.ended_at - begun < BOUND
    assert job.still
    assert [event["status"] for event in job.events if event["type"] == "job_update"] == [
        "queued",
        "running",
        "cancelled",
    ]
    assert "result" not in job.events[-1]
    assert client.job(job.id)["status"] == "cancelled"
    if kind not in ("tests.BeatAsync", "tests.Stubborn"):  # it had a runner for itself, which is gone with its group
        (alone,) = set(job.runners) - set(runners(served))
        assert group_of(alone) == []


def cancel(client: Client, id: str, way: str) -> Any:
    if way == "http":
        answer = client.http.post(f"/api/jobs/{id}/cancel")
        assert answer.status_code == 202
        return answer.json()["status"]
    with client.talk() as talk:
        return talk.ask("cancel_job", job_id=id)["status"]


def test_a_waiting_call_is_told_of_the_cancel(client: Client, tmp_path: Path) -> None:
    client.save("beat", through("tests.BeatAsync", path=str(tmp_path / "beat")))
    answers = []
    call = threading.Thread(target=lambda: answers.append(client.run("beat")))
    call.start()
    wait((tmp_path / "beat").exists)
    (job,) = client.http.get("/api/jobs?status=running&workflow_id=beat").json()["jobs"]
    cancel(client, job["id"], "http")
    call.join(10)

    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "job_cancelled")
    assert answers[0].json()["job_id"] == job["id"]


def test_a_bare_cancel_means_the_job_just_asked_for(client: Client, tmp_path: Path) -> None:
    client.save("beat", through("tests.BeatAsync", path=str(tmp_path / "beat")))
    with client.talk() as talk:
        talk.send("run_job", workflow_id="beat")
        talk.send("cancel_job")
        talk.send("get_status")
        frames = [talk.hear()]
        while frames[-1].get("status") != "cancelled" or "seq" not in frames[-1]:
            frames.append(talk.hear())

    replies = [frame for frame in frames if "seq" not in frame]
    assert [reply["command"] for reply in replies] == ["run_job", "cancel_job", "get_status"]
    assert len({frame["job_id"] for frame in frames}) == 1


def test_a_second_cancel_and_one_that_comes_too_late_change_nothing(client: Client, tmp_path: Path) -> None:
    client.save("beat", through("tests.BeatAsync", path=str(tmp_path / "beat")))
    id = client.start("beat")
    statuses = [client.http.post(f"/api/jobs/{id}/cancel").status_code for _ in range(2)]
    client.lines_again(id)
    late = client.http.post(f"/api/jobs/{id}/cancel")

    assert statuses[0] == 202
    assert (late.status_code, late.json()["status"]) == (200, "cancelled")
    client.save("quick", through("bench.nodes.Sleep", seconds=0))
    done = client.lines("quick").job_id
    late = client.http.post(f"/api/jobs/{done}/cancel")
    assert (late.status_code, late.json()["status"]) == (200, "completed")


def test_others_that_share_the_runner_of_one_that_does_not_stop_complete(client: Client, tmp_path: Path) -> None:
    client.save("stubborn", through("tests.Stubborn", path=str(tmp_path / "beat")))
    client.save("steps", through("bench.nodes.Steps", steps=5, seconds=0.1))
    stubborn = client.start("stubborn")
    wait((tmp_path / "beat").exists)
    others = [client.start("steps", text=str(number)) for number in range(3)]
    client.http.post(f"/api/jobs/{stubborn}/cancel")

    assert client.lines_again(stubborn).last["status"] == "cancelled"
    for number, id in enumerate(others):
        assert client.lines_again(id).result == {"out": str(number)}


def test_a_job_that_waits_for_a_runner_is_cancelled_without_running(client: Client) -> None:
    client.save("alone", through("bench.nodes.BlockingSleep", seconds=1.5))
    jobs = [client.start("alone") for _ in range(12)]
    waiting = client.http.get("/api/jobs?status=queued").json()["jobs"]
    assert waiting
    id = waiting[0]["id"]
    answer = client.http.post(f"/api/jobs/{id}/cancel")
    events = client.page(id).events
    for job in jobs:
        client.http.post(f"/api/jobs/{job}/cancel")

    assert answer.json()["status"] == "cancelled"
    assert [event["status"] for event in events] == ["queued", "cancelled"]
    for job in jobs:
        assert client.lines_again(job).last["status"] == "cancelled"
