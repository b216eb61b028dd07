"""How runs are asked for, and how long jobs are kept: with a real server, its runners, and real kills."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.graphs import Json, through
from tests.serving import Served, serving

NODES = str(Path(__file__).resolve().parents[2] / "bench" / "nodes.py")

WORKFLOWS = {
    "echo": through("nodetool.text.Concat", "a", b="!"),
    "sleep": through("bench.nodes.Sleep", seconds=60.0),
    "moment": through("bench.nodes.Sleep", seconds=1.5),
    "emit": through("bench.nodes.Emit", count=50),
}


def store(url: str, workflows: dict[str, Json]) -> None:
    for id, graph in workflows.items():
        saved = httpx.put(f"{url}/api/workflows/{id}", json={"name": id, "graph": graph}).json()
        assert saved["findings"] == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("asking") / "home", "--nodes", NODES) as served:
        store(served.url, WORKFLOWS)
        yield served


@pytest.fixture
def api(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/api", timeout=20, trust_env=False) as client:
        yield client


def ended(api: httpx.Client, id: str) -> Any:
    """The document of a job, once it has ended."""
    while True:
        job = api.get(f"/jobs/{id}").json()
        if job["finished_at"]:
            return job
        time.sleep(0.02)


def test_a_run_that_outlives_the_wait_is_answered_and_goes_on(api: httpx.Client) -> None:
    begin = time.monotonic()
    late = api.post("/workflows/moment/run", json={"params": {"text": "hi"}}, headers={"Prefer": "wait=1"})
    waited = time.monotonic() - begin
    soon = api.post("/workflows/echo/run", json={"params": {"text": "hi"}}, headers={"Prefer": "wait=10"})

    assert late.status_code == 202
    assert waited > 0.9
    assert soon.json() == {"out": "hi!"}
    assert ended(api, late.json()["job_id"])["result"] == {"out": "hi"}


async def test_a_hundred_of_one_request_at_the_same_time_are_one_job(server: Served) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    ways = ["/run", "/run?stream=true"]
    async with httpx.AsyncClient(base_url=f"{server.url}/api/workflows/emit", timeout=20) as http:
        answers = await asyncio.gather(*[http.post(ways[n % 2], json={}, headers=key) for n in range(100)])

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["nodetool-job-id"] for answer in answers}) == 1
    results, streams = answers[::2], answers[1::2]
    assert len({answer.text for answer in results}) == len({answer.text for answer in streams}) == 1
    events = [json.loads(line) for line in streams[0].text.splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[-1]["result"] == results[0].json()


@pytest.mark.parametrize("path", ["run", "run?stream=true", "run/stream"])
def test_a_client_that_goes_away_stops_its_run_if_it_said_so(api: httpx.Client, path: str) -> None:
    ids = []
    for wish in ("cancel", "continue"):
        ids.append(uuid4().hex)
        url = f"{api.base_url}workflows/sleep/{path}{'&' if '?' in path else '?'}on_disconnect={wish}"
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(url, json={"job_id": ids[-1]}, timeout=0.5)

    assert ended(api, ids[0])["status"] == "cancelled"
    assert api.get(f"/jobs/{ids[1]}").json()["status"] == "running"
    api.post(f"/jobs/{ids[1]}/cancel")


def test_a_retry_runs_what_was_run_though_the_workflow_is_another(api: httpx.Client) -> None:
    api.put("/workflows/again", json={"name": "again", "graph": WORKFLOWS["echo"]})
    first = api.post("/workflows/again/jobs", json={"params": {"text": "as it was"}}).json()
    ended(api, first["job_id"])
    api.put("/workflows/again", json={"name": "again", "graph": WORKFLOWS["sleep"]})
    again = api.post(first["links"]["retry"].removeprefix("/api"))
    api.delete("/workflows/again")
    third = api.post(f"/jobs/{ended(api, again.json()['job_id'])['id']}/retry")

    assert (again.status_code, third.status_code) == (202, 202)
    assert ended(api, third.json()["job_id"])["result"] == {"out": "as it was!"}


def test_a_key_is_known_after_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--nodes", NODES) as served:
        store(served.url, WORKFLOWS)
        body, key = {"params": {"text": "x"}}, {"Idempotency-Key": "k"}
        first = httpx.post(f"{served.url}/api/workflows/moment/jobs", json=body, headers=key).json()
        served.kill()
        served.start()

        again = httpx.post(f"{served.url}/api/workflows/moment/jobs", json=body, headers=key)
        other = httpx.post(f"{served.url}/api/workflows/moment/jobs", json={}, headers=key)
        with httpx.Client(base_url=f"{served.url}/api") as api:
            job = ended(api, first["job_id"])

    assert again.json()["job_id"] == first["job_id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert (job["status"], job["attempt"], job["result"]) == ("completed", 2, {"out": "x"})


def test_old_jobs_are_pruned_at_the_next_start_and_say_so(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as served, httpx.Client(base_url=served.url) as http:
        store(served.url, {"echo": WORKFLOWS["echo"]})
        ids = [http.post("/api/workflows/echo/run").headers["nodetool-job-id"] for _ in range(12)]
    with serving(tmp_path / "home", "--retention-jobs", "5") as served, httpx.Client(base_url=served.url) as http:
        while len(kept := http.get("/api/jobs").json()["jobs"]) > 5:
            time.sleep(0.02)
        gone = [http.get(f"/api/jobs/{id}{path}") for id in ids[:7] for path in ("", "/events")]
        again = http.post(f"/api/jobs/{ids[0]}/retry")
        run = http.post("/api/workflows/echo/run", json={"params": {"text": "on"}})
        taken = http.post("/api/workflows/echo/run", json={"job_id": ids[0]})

    assert [job["id"] for job in kept] == ids[:6:-1]
    assert {(answer.status_code, answer.json()["code"]) for answer in gone} == {(410, "pruned")}
    assert (again.status_code, taken.status_code) == (410, 409)
    assert run.json() == {"out": "on!"}


def test_an_operator_limits_the_wait(tmp_path: Path) -> None:
    with serving(tmp_path / "home", "--nodes", NODES, "--max-wait", "0.3") as served:
        store(served.url, WORKFLOWS)
        answer = httpx.post(f"{served.url}/api/workflows/sleep/run")
        httpx.post(f"{served.url}{answer.json()['links']['cancel']}")

    assert (answer.status_code, answer.json()["status"]) == (202, "running")
