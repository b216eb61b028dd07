"""Clients that keep a server busy over every transport, and keep what they saw byte for byte."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import msgspec
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.client import is_end

SILENCE = 60.0
"""Seconds that a client waits for a byte."""

DATA = b"data: "

AT_ONCE = 3
"""Jobs that the client on the socket has under way at the same time."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Sight:
    """What one client saw of one job."""

    job_id: str
    workflow: str
    text: str
    accepted_ms: int = field(default_factory=now_ms)
    lines: list[bytes] = field(default_factory=list)
    """Whole lines of a stream."""
    frames: list[bytes] = field(default_factory=list)
    """Frames of a socket, with an event each."""
    answer: bytes | None = None
    """What a waiting call was answered."""
    is_regretted: bool = False
    """It was asked to be cancelled …"""
    is_cancelled: bool = False
    """… and that was confirmed while it was open."""


@dataclass(frozen=True)
class Refusal:
    """A request that was not taken."""

    text: str
    status: int
    """0 on a socket, which has none."""
    code: str


class Crowd:
    """Several clients, each in a thread. They come back until ``leave``, or until the server is gone."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sights: list[Sight] = []
        self.refusals: list[Refusal] = []
        self.faults: list[BaseException] = []
        """What went wrong with the clients themselves; one that waited in vain is among it."""
        self.cuts = 0
        """Clients whose connection broke."""
        self._numbers = count(1)
        self._name = f"{now_ms():x}"
        self._leaving = threading.Event()
        self._threads: list[threading.Thread] = []
        self._http = httpx.Client(base_url=f"{url}/api", timeout=SILENCE, trust_env=False)

    # The clients. Each call is one visit; it raises what httpx or websockets raise when the server is gone.

    def wait_for(self, workflow: str) -> None:
        """Run and wait."""
        text = self.text()
        answer = self._http.post(f"/workflows/{workflow}/run", json={"params": {"text": text}})
        if answer.status_code == 202:  # the server stops, and the job runs again at its next start
            self.sights.append(Sight(_job_of(answer), workflow, text))
        elif self._is_taken(text, answer, 200):
            self.sights.append(Sight(_job_of(answer), workflow, text, answer=answer.content))

    def stream(self, workflow: str, *, sse: bool = False) -> None:
        """Run, and read every line, or every server-sent event."""
        text = self.text()
        url = f"/workflows/{workflow}/{'run/stream' if sse else 'run?stream=true'}"
        with self._http.stream("POST", url, json={"params": {"text": text}}) as answer:
            if answer.status_code != 200:
                answer.read()
            if self._is_taken(text, answer, 200):
                sight = Sight(_job_of(answer), workflow, text)
                self.sights.append(sight)
                for line in whole_lines(answer):
                    if line.startswith(b"{" if not sse else DATA + b"{"):
                        sight.lines.append(line.removeprefix(DATA))

    def leave_it(self, workflow: str) -> Sight | None:
        """Start a job, and do not wait."""
        text = self.text()
        answer = self._http.post(f"/workflows/{workflow}/jobs", json={"params": {"text": text}})
        if not self._is_taken(text, answer, 202):
            return None
        sight = Sight(_job_of(answer), workflow, text)
        self.sights.append(sight)
        return sight

    def regret(self, workflow: str) -> None:
        """Start a job and cancel it."""
        sight = self.leave_it(workflow)
        if sight:
            self.cancel(sight)

    def cancel(self, sight: Sight) -> None:
        sight.is_regretted = True
        answer = self._http.post(f"/jobs/{sight.job_id}/cancel")
        sight.is_cancelled = answer.status_code == 202

    def talk(self, workflows: Iterator[str]) -> None:
        """Run jobs over one socket, several at a time."""
        url = f"{self.url.replace('http', 'ws')}/predict"
        with connect(url, max_size=None, compression=None, proxy=None, open_timeout=SILENCE) as socket:
            _Talk(self, socket).run(workflows)

    def come(self, visit: Callable[[], object], pause: float = 0.0, *, again: bool = True) -> None:
        """Have one more client, who repeats a visit, or comes once."""
        thread = threading.Thread(target=self._visit, args=(visit, pause, again))
        self._threads.append(thread)
        thread.start()

    def gather(self) -> None:
        """Have clients of every kind, but for those who regret it."""
        self.come(lambda: self.wait_for("echo"), 0.03)
        self.come(lambda: self.wait_for("alone"))
        self.come(lambda: self.stream("emit"), 0.03)
        self.come(lambda: self.stream("steps"))
        self.come(lambda: self.leave_it("core"), 0.04)
        self.come(lambda: self.talk(_turns("echo", "steps", "emit")))

    def dismiss(self) -> None:
        """Let nobody begin anything more."""
        self._leaving.set()

    def leave(self) -> None:
        """Wait until everybody has finished, or is cut off. What went wrong with one of them is raised."""
        self.dismiss()
        for thread in self._threads:
            thread.join(2 * SILENCE)
            assert not thread.is_alive(), "a client is stuck"
        self._http.close()
        if self.faults:
            raise self.faults[0]

    def has_left(self) -> bool:
        return self._leaving.is_set()

    def refused(self, text: str, status: int, code: str) -> None:
        self.refusals.append(Refusal(text, status, code))

    def _visit(self, visit: Callable[[], object], pause: float, again: bool) -> None:
        try:
            visit()
            while again and not self._leaving.wait(pause):
                visit()
        except (TimeoutError, httpx.TimeoutException) as error:
            self.faults.append(error)
        except (OSError, httpx.TransportError, WebSocketException):
            self.cuts += 1
        except BaseException as error:  # noqa: BLE001 - raised by ``leave``
            self.faults.append(error)

    def text(self) -> str:
        return f"{self._name}-{next(self._numbers)}"

    def _is_taken(self, text: str, answer: httpx.Response, status: int) -> bool:
        if answer.status_code == status:
            return True
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        self.refused(text, answer.status_code, answer.json()["code"])
        return False


class _Talk:
    """A conversation over a socket: events of several jobs, and replies between them."""

    def __init__(self, crowd: Crowd, socket: ClientConnection) -> None:
        self._crowd = crowd
        self._socket = socket
        self._sights: dict[str, Sight] = {}
        self._open: set[str] = set()
        self._asked: dict[str | None, tuple[str, str]] = {}

    def run(self, workflows: Iterator[str]) -> None:
        while True:
            while self._has_time() and (workflow := next(workflows, "")):
                self._ask(workflow)
            if not self._open and not self._asked:
                return
            self._hear()

    def _has_time(self) -> bool:
        return not self._crowd.has_left() and len(self._open) + len(self._asked) < AT_ONCE

    def _ask(self, workflow: str) -> None:
        text = self._crowd.text()
        self._asked[text] = (workflow, text)
        data = {"workflow_id": workflow, "params": {"text": text}}
        self._socket.send(msgspec.msgpack.encode({"command": "run_job", "request_id": text, "data": data}))

    def _hear(self) -> None:
        frame = self._socket.recv(SILENCE)
        assert isinstance(frame, bytes)
        told = msgspec.msgpack.decode(frame)
        if "seq" in told:
            self._sights[told["job_id"]].frames.append(frame)
            if is_end(told):
                self._open.discard(told["job_id"])
        else:
            self._reply(told)

    def _reply(self, told: dict[str, Any]) -> None:
        workflow, text = self._asked.pop(told.get("request_id"), ("", ""))
        if told.get("type") == "error":  # of a command, or of a job whose events can be had no longer
            self._crowd.refused(text, 0, told["code"])
            self._open.discard(told.get("job_id", ""))
            return
        sight = Sight(told["job_id"], workflow, text)
        self._sights[sight.job_id] = sight
        self._open.add(sight.job_id)
        self._crowd.sights.append(sight)


def whole_lines(answer: httpx.Response) -> Iterator[bytes]:
    """Give each line that came whole, also empty ones. One that was cut was not seen."""
    rest = b""
    for data in answer.iter_raw():
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def _job_of(answer: httpx.Response) -> str:
    id: str = answer.headers["nodetool-job-id"]
    return id


def _turns(*workflows: str) -> Iterator[str]:
    while True:
        yield from workflows
