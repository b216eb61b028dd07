"""A client of a real server: it runs a workflow over each transport, and reads a job in every way."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import httpx
import msgspec
from websockets.sync.client import ClientConnection, connect

from tests.graphs import Json

ENDED = frozenset({"completed", "failed", "cancelled"})

Event = dict[str, Any]


class Heard(NamedTuple):
    """What a run told one client."""

    job_id: str
    events: list[Event]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def result(self) -> Any:
        return self.last.get("result")


class Client:
    """Speaks to one server. ``close`` it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=10, verify=False, trust_env=False)

    def close(self) -> None:
        self.http.close()

    def save(self, id: str, graph: Json) -> None:
        answer = self.http.put(f"/api/workflows/{id}", json={"name": id, "graph": graph})
        assert answer.status_code == 200, answer.text
        assert answer.json()["findings"] == []

    # Runs of a stored workflow.

    def run(self, id: str, **params: Any) -> httpx.Response:
        return self.http.post(f"/api/workflows/{id}/run", json={"params": params})

    def start(self, id: str, **params: Any) -> str:
        """Start a job, and return its id."""
        answer = self.http.post(f"/api/workflows/{id}/jobs", json={"params": params})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def sync(self, id: str, **params: Any) -> Heard:
        """Run and wait; the events are those of the log."""
        answer = self.run(id, **params)
        heard = self.page(answer.headers["nodetool-job-id"])
        if answer.status_code == 200:
            assert answer.json() == heard.result
        else:
            problem = answer.json()
            assert (problem["code"], problem["detail"]) == (heard.last["code"], heard.last["error"])
            assert problem["errors"] == heard.last["errors"]
        return heard

    def lines(self, id: str, **params: Any) -> Heard:
        with self.http.stream("POST", f"/api/workflows/{id}/run?stream=true", json={"params": params}) as answer:
            assert answer.status_code == 200
            return Heard(answer.headers["nodetool-job-id"], list(events_of_lines(answer)))

    def sse(self, id: str, **params: Any) -> Heard:
        with self.http.stream("POST", f"/api/workflows/{id}/run/stream", json={"params": params}) as answer:
            assert answer.status_code == 200
            return Heard(answer.headers["nodetool-job-id"], list(events_of_sse(answer)))

    def binary(self, id: str, **params: Any) -> Heard:
        with self.talk() as talk:
            return talk.run(id, **params)

    def text(self, id: str, **params: Any) -> Heard:
        with self.talk() as talk:
            assert talk.ask("set_mode", mode="text")["message"]
            return talk.run(id, **params)

    def poll(self, id: str, **params: Any) -> Heard:
        """Start a job, and read pages until its end."""
        job_id = self.start(id, **params)
        events: list[Event] = []
        while not events or events[-1].get("status") not in ENDED or events[-1]["type"] != "job_update":
            after = len(events)
            answer = self.http.get(f"/api/jobs/{job_id}/events?after={after}&limit=3&wait=5")
            events += answer.json()["events"]
            assert answer.json()["next_after"] == len(events)
        return Heard(job_id, events)

    # Reading a job again.

    def job(self, job_id: str) -> Any:
        answer = self.http.get(f"/api/jobs/{job_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, job_id: str, after: int = 0) -> Heard:
        answer = self.http.get(f"/api/jobs/{job_id}/events?after={after}")
        assert answer.status_code == 200, answer.text
        return Heard(job_id, answer.json()["events"])

    def lines_again(self, job_id: str, after: int = 0) -> Heard:
        headers = {"Accept": "application/x-ndjson"}
        with self.http.stream("GET", f"/api/jobs/{job_id}/events?after={after}", headers=headers) as answer:
            return Heard(job_id, list(events_of_lines(answer)))

    def sse_again(self, job_id: str, after: int = 0) -> Heard:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        with self.http.stream("GET", f"/api/jobs/{job_id}/events", headers=headers) as answer:
            return Heard(job_id, [] if answer.status_code == 204 else list(events_of_sse(answer)))

    def binary_again(self, job_id: str, after: int = 0) -> Heard:
        with self.talk() as talk:
            return talk.reconnect(job_id, after)

    def text_again(self, job_id: str, after: int = 0) -> Heard:
        with self.talk() as talk:
            talk.ask("set_mode", mode="text")
            return talk.reconnect(job_id, after)

    @contextmanager
    def talk(self) -> Iterator["Talk"]:
        with connect(
            f"{self.url.replace('http', 'ws')}/predict", max_size=None, compression=None, proxy=None
        ) as socket:
            yield Talk(socket)


class Talk:
    """A conversation over a socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def send(self, command: str, **data: Any) -> None:
        self.socket.send(msgspec.msgpack.encode({"command": command, "data": data}))

    def hear(self) -> Any:
        frame = self.socket.recv(10)
        return json.loads(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)

    def reply(self, command: str) -> Any:
        """Return the reply to a command, passing over the events before it."""
        while (frame := self.hear()).get("command") != command:
            pass
        return frame

    def ask(self, command: str, **data: Any) -> Any:
        self.send(command, **data)
        return self.reply(command)

    def start(self, id: str, **params: Any) -> str:
        """Start a job, and return its id."""
        job_id: str = self.ask("run_job", workflow_id=id, params=params)["job_id"]
        return job_id

    def run(self, id: str, **params: Any) -> Heard:
        return Heard(self.start(id, **params), list(self.events()))

    def reconnect(self, job_id: str, after: int) -> Heard:
        """Read a job to its end; one that has ended may have nothing behind *after*."""
        status = self.ask("get_status", job_id=job_id)
        self.ask("reconnect_job", job_id=job_id, after=after)
        if status["status"] in ENDED and status["last_seq"] == after:
            return Heard(job_id, [])
        return Heard(job_id, list(self.events()))

    def events(self) -> Iterator[Event]:
        """Give every event up to the end."""
        while True:
            frame = self.hear()
            if "seq" in frame:
                yield frame
                if is_end(frame):
                    return

    def until(self, condition: Callable[[Event], Any]) -> list[Event]:
        """Return the events up to the first that meets a condition."""
        heard = []
        for event in self.events():
            heard.append(event)
            if condition(event):
                break
        return heard


def is_end(event: Event) -> bool:
    return event["type"] == "job_update" and event["status"] in ENDED


def events_of_lines(answer: httpx.Response) -> Iterator[Event]:
    return (json.loads(line) for line in answer.iter_lines() if line)


def events_of_sse(answer: httpx.Response) -> Iterator[Event]:
    """Give the events of a stream, and check its framing."""
    number = ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            number = line.removeprefix("id: ")
        elif line == "data: [DONE]":
            return
        elif line.startswith("data: "):
            event: Event = json.loads(line.removeprefix("data: "))
            assert str(event["seq"]) == number
            yield event
