"""Real kills of real processes: no accepted job is lost, and what a reader saw is in the log."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.acceptance.client import ENDED, Client, Event, Talk
from tests.acceptance.conftest import ARGS
from tests.acceptance.processes import frozen, kill, runners, wait
from tests.graphs import Json, through
from tests.runner.helpers import is_alive
from tests.serving import Served, serving

pytestmark = pytest.mark.timeout(40)


@contextmanager
def speaking(served: Served) -> Iterator[Client]:
    client = Client(served.url)
    try:
        yield client
    finally:
        client.close()


def steps(seconds: float = 0.1) -> Json:
    return through("bench.nodes.Steps", steps=5, seconds=seconds)


class Seen:
    """A reader in a thread of its own, that keeps every event until its connection breaks."""

    def __init__(self, client: Client, id: str, **params: Any) -> None:
        self.events: list[Event] = []
        self.job_id = ""
        self.has_ended = False
        self._thread = threading.Thread(target=self._read, args=(client, id, params))
        self._thread.start()

    def _read(self, client: Client, id: str, params: Json) -> None:
        with (
            suppress(httpx.HTTPError),
            client.http.stream("POST", f"/api/workflows/{id}/run?stream=true", json={"params": params}) as answer,
        ):
            self.job_id = answer.headers["nodetool-job-id"]
            for line in answer.iter_lines():
                if line:
                    self.events.append(json.loads(line))
            self.has_ended = True

    def wait_for(self, type: str) -> None:
        wait(lambda: any(event["type"] == type for event in self.events))

    def join(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


def whole_log(client: Client, job_id: str) -> list[Event]:
    """Read a job to its end, and check what holds for every log."""
    events = client.lines_again(job_id).events
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    updates = [event["status"] for event in events if event["type"] == "job_update"]
    assert [status for status in updates if status in ENDED] == [events[-1]["status"]]
    return events


# A server that is killed.


@dataclass
class Crash:
    """What was under way when a server was killed, and a client of the one that was started in its place."""

    seen: Seen
    others: list[str]
    cancelled: list[str]
    left: list[int]
    took: float
    client: Client


@pytest.fixture(scope="module")
def crash(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crash]:
    folder = tmp_path_factory.mktemp("crash")
    with serving(folder / "home", *ARGS) as served:
        with speaking(served) as client:
            client.save("steps", steps())
            client.save("alone", through("bench.nodes.BlockingSleep", seconds=0.5))
            client.save("stubborn", through("tests.Stubborn", path=str(folder / "beat")))
            cancelled = [client.start("stubborn") for _ in range(2)]
            others = [client.start(id, text=id) for id in ("steps", "alone") for _ in range(3)]
            wait((folder / "beat").exists)
            seen = Seen(client, "steps", text="hi")
            seen.wait_for("node_progress")
            left = runners(served)
            with client.talk() as talk:
                assert client.http.post(f"/api/jobs/{cancelled[0]}/cancel").status_code == 202
                assert talk.ask("cancel_job", job_id=cancelled[1])["status"] == "running"
                served.kill()
            seen.join()
        begun = time.monotonic()
        wait(lambda: not any(map(is_alive, left)))
        took = time.monotonic() - begun
        served.start()
        with speaking(served) as client:
            yield Crash(seen, others, cancelled, left, took, client)


def test_no_runner_outlives_a_killed_server(crash: Crash) -> None:
    assert len(crash.left) >= 2
    assert crash.took < 2


def test_no_event_that_was_seen_is_lost_and_the_job_ends(crash: Crash) -> None:
    events = whole_log(crash.client, crash.seen.job_id)
    between = [event for event in events if event.get("status") == "queued"]

    assert not crash.seen.has_ended
    assert events[: len(crash.seen.events)] == crash.seen.events
    assert (events[-1]["status"], events[-1]["attempt"], events[-1]["result"]) == ("completed", 2, {"out": "hi"})
    assert [(event["attempt"], event.get("message")) for event in between] == [(1, None), (2, "the server ended")]


def test_no_accepted_job_is_lost(crash: Crash) -> None:
    for id in crash.others:
        events = whole_log(crash.client, id)

        assert events[-1]["status"] == "completed"
        assert events[-1]["result"] == {"out": events[-1]["workflow_id"]}


def test_a_job_that_was_cancelled_just_before_ends_cancelled_and_does_not_run_again(crash: Crash) -> None:
    for id in crash.cancelled:
        events = whole_log(crash.client, id)
        attempts = [event["attempt"] for event in events if event["type"] == "job_update"]

        assert events[-1]["status"] == "cancelled"
        assert set(attempts) == {1}


# A runner that is killed.


def test_a_killed_runner_costs_an_attempt_and_the_reader_nothing(served: Served, client: Client) -> None:
    client.save("steps", steps())
    seen = Seen(client, "steps", text="hi")
    seen.wait_for("node_progress")
    with frozen(served.process.pid):
        for runner in runners(served):
            kill(runner)
    seen.join()

    assert seen.has_ended
    assert seen.events == whole_log(client, seen.job_id)
    assert seen.events[-1]["status"] == "completed"
    assert seen.events[-1]["attempt"] == 2
    between = [event for event in seen.events if event.get("status") == "queued"][1]
    assert (between["attempt"], between["message"]) == (2, "the process that ran it ended")


def test_a_node_that_ends_its_process_is_tried_three_times(client: Client, tmp_path: Path) -> None:
    client.save("twice", through("tests.Exit", path=str(tmp_path / "twice"), times=2))
    client.save("always", through("tests.Exit", path=str(tmp_path / "always")))
    client.save("good", steps(0.02))
    good = [client.start("good", text="hi") for _ in range(3)]

    assert client.run("twice", text="hi").json() == {"out": "hi"}
    answer = client.run("always")

    assert (answer.status_code, answer.json()["code"]) == (500, "attempts_exhausted")
    assert 3 <= len((tmp_path / "always").read_text()) <= 4  # once may have been in company, and is not counted
    for id in good:
        assert whole_log(client, id)[-1]["status"] == "completed"


def test_a_process_that_outlives_its_runner_does_not_hold_up_the_job(client: Client) -> None:
    client.save("fork", through("tests.Fork", own_session=True))

    assert client.run("fork").json()["code"] == "attempts_exhausted"


def test_a_reader_that_leaves_does_not_touch_the_run(client: Client) -> None:
    client.save("steps", steps())
    with client.http.stream("POST", "/api/workflows/steps/run/stream", json={"params": {"text": "hi"}}) as answer:
        id = answer.headers["nodetool-job-id"]
        next(answer.iter_lines())
    with client.talk() as talk:
        other = talk.start("steps", text="ho")
        talk.hear()

    assert whole_log(client, id)[-1]["result"] == {"out": "hi"}
    assert whole_log(client, other)[-1]["result"] == {"out": "ho"}
    assert client.job(id)["attempt"] == 1


# A server that is told to stop.


def closing(talk: Talk) -> int | None:
    """Return with which code the server closes a socket."""
    with suppress(ConnectionClosed):
        while True:
            talk.hear()
    return talk.socket.protocol.close_code


class Call:
    """A waiting call, in a thread of its own."""

    def __init__(self, client: Client, id: str) -> None:
        self._client = client
        self._id = id
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        self._answer = self._client.run(self._id)

    def answer(self) -> httpx.Response:
        self._thread.join(10)
        return self._answer


@contextmanager
def stuck_reader(served: Served, id: str) -> Iterator[None]:
    """A client that asks for a stream and reads nothing of it."""
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        head = f"POST /api/workflows/{id}/run?stream=true HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())
        yield


def test_a_client_that_reads_nothing_does_not_keep_the_server(home: Path) -> None:
    with serving(home, *ARGS) as served, speaking(served) as client:
        client.save("large", through("tests.Pieces", count=300, size=50_000))
        with stuck_reader(served, "large"):
            wait(lambda: client.http.get("/api/jobs?status=completed").json()["jobs"])
            served.process.terminate()

            assert served.process.wait(8) == 0


def test_a_signal_ends_the_server_in_order_and_its_jobs_run_again(home: Path, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    with serving(home, *ARGS, "--drain", "2") as served:
        with speaking(served) as client, client.talk() as talk:
            client.save("gate", through("tests.Gate", path=str(gate)))
            client.save("quick", through("bench.nodes.Sleep", seconds=0.7))
            waiting, quick = Call(client, "gate"), Call(client, "quick")
            seen = Seen(client, "gate", text="lines")
            on_socket = talk.start("gate", text="socket")
            seen.wait_for("node_update")
            wait(lambda: len(client.http.get("/api/jobs?status=running").json()["jobs"]) == 4)
            served.process.terminate()
            wait(lambda: client.http.get("/ready").status_code == 503)
            refused = client.run("quick")
            assert closing(talk) == 1012
            seen.join()
            answer = waiting.answer()
            assert served.process.wait(10) == 0

        assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
        assert quick.answer().json() == {"out": ""}
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        assert answer.headers["location"].endswith(answer.headers["nodetool-job-id"])
        assert seen.has_ended
        assert seen.events[-1]["type"] == "node_update"

        gate.touch()
        served.start()
        with speaking(served) as client:
            for id, text in ((answer.json()["job_id"], ""), (on_socket, "socket"), (seen.job_id, "lines")):
                events = whole_log(client, id)
                assert (events[-1]["status"], events[-1]["result"]) == ("completed", {"out": text})
            assert whole_log(client, seen.job_id)[: len(seen.events)] == seen.events


def test_a_server_without_runners_ends_though_a_node_does_not(home: Path) -> None:
    with serving(home, *ARGS, "--runners", "0", "--drain", "1") as served, speaking(served) as client:
        client.save("alone", through("bench.nodes.BlockingSleep", seconds=30))
        client.save("quick", through("bench.nodes.Steps", steps=1, seconds=0))
        assert client.run("quick", text="hi").json() == {"out": "hi"}
        left, cancelled = client.start("alone"), client.start("alone")
        assert client.http.post(f"/api/jobs/{cancelled}/cancel").status_code == 202
        assert client.lines_again(cancelled).last["status"] == "cancelled"
        assert client.job(left)["status"] == "running"
        served.process.terminate()

        assert served.process.wait(8) == 0


def test_a_second_server_of_a_home_refuses_with_a_sentence(served: Served, client: Client) -> None:
    command = [sys.executable, "-m", "nodetool", "serve", "--port", "0", "--home", str(served.home)]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert second.returncode != 0
    assert f"Another server (process {served.process.pid}) uses this home." in second.stderr
    assert "Traceback" not in second.stderr
    assert client.http.get("/ready").status_code == 200
