"""Work that costs money or minutes is not done twice, whatever dies; and no node takes longer than it may."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nodetool.storage.sqlite import FILE
from tests.acceptance.client import Client, Event
from tests.acceptance.conftest import ARGS
from tests.acceptance.processes import kill, runners, wait
from tests.graphs import Json, graph, node, output, text_input, through
from tests.serving import Served, serving

pytestmark = pytest.mark.timeout(60)

KINDS = {"tests.Dear": "HI", "tests.DearPieces": ["H", "I"]}
"""Kept nodes, and what comes of the text "hi"."""


@contextmanager
def speaking(served: Served) -> Iterator[Client]:
    client = Client(served.url)
    try:
        yield client
    finally:
        client.close()


class Case:
    """A job of three nodes: the first one's outputs are kept, the second waits until the test lets it go on."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.kind = kind
        folder.mkdir()
        self.lines, self.tokens, self.gate = folder / "lines", folder / "tokens", folder / "gate"
        self.job_id = ""
        self.attempts: list[int] = []
        """Those in which the test saw both nodes at work."""

    def graph(self) -> Json:
        nodes = [
            text_input(),
            node("dear", self.kind, path=str(self.lines)),
            node("ask", "tests.Ask", path=str(self.gate), tokens=str(self.tokens)),
            output(),
        ]
        return graph(nodes, "in.output -> dear.text", "dear.output -> ask.text", "ask.output -> out.value")

    def start(self, client: Client) -> None:
        client.save(self.kind, self.graph())
        self.job_id = client.start(self.kind, text="hi")

    def wait(self, client: Client) -> None:
        """Wait until the kept node has fired in the next attempt, and the other one is at work."""
        wait(lambda: self._is_at_work(client), 15)

    def _is_at_work(self, client: Client) -> bool:
        """Say whether that is so; a runner that was killed may have cost more than one attempt."""
        attempt = client.job(self.job_id)["attempt"]
        asked = any(line[0] == str(attempt) for line in lines_of(self.tokens))
        if attempt in self.attempts or not asked or statuses(client.page(self.job_id).events)[-1:] != ["completed"]:
            return False
        self.attempts.append(attempt)
        return True

    def finish(self, client: Client) -> None:
        """Let it go on, and see that it ends well, and that the work was done once."""
        self.gate.touch()
        events = client.lines_again(self.job_id).events

        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        last = events[-1]
        assert (last["status"], last["attempt"]) == ("completed", self.attempts[-1])
        assert last["result"] == {"out": KINDS[self.kind]}
        assert len(lines_of(self.lines)) == 1
        logs = [event["content"] for event in events if event["type"] == "log_update"]
        assert set(logs) == {"not computed again: taken from the checkpoint of attempt 1"}
        assert len(logs) >= len(self.attempts) - 1
        firsts = {line[0]: line[1] for line in reversed(lines_of(self.tokens))}
        assert len(set(firsts.values())) == 1, "the same token on each attempt"
        assert firsts["1"] != lines_of(self.lines)[0][1]


def statuses(events: list[Event]) -> list[str]:
    """Return what became of the kept node, attempt for attempt."""
    return [event["status"] for event in events if event["type"] == "node_update" and event["node_id"] == "dear"]


def lines_of(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def kept_in(home: Path) -> int:
    connection = sqlite3.connect(home / FILE)
    ((count,),) = connection.execute("SELECT count(*) FROM checkpoints").fetchall()
    connection.close()
    return int(count)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_runner_does_not_have_the_work_done_again(
    served: Served, client: Client, tmp_path: Path, kind: str
) -> None:
    case = Case(tmp_path / "case", kind)
    case.start(client)
    case.wait(client)
    for runner in runners(served):
        kill(runner)
    case.wait(client)

    case.finish(client)
    assert kept_in(served.home) == 0


def test_a_killed_and_a_stopped_server_do_not_have_the_work_done_again(home: Path, tmp_path: Path) -> None:
    cases = [Case(tmp_path / f"case{number}", kind) for number, kind in enumerate(KINDS)]
    with serving(home, *ARGS, "--drain", "0.1") as served:
        with speaking(served) as client:
            for case in cases:
                case.start(client)
            for case in cases:
                case.wait(client)
        served.kill()
        served.start()
        with speaking(served) as client:
            for case in cases:
                case.wait(client)
        assert served.stop() == 0
        served.start()
        with speaking(served) as client:
            for case in cases:
                case.wait(client)
            assert kept_in(home) == 2
            for case in cases:
                case.finish(client)
        assert kept_in(home) == 0


def test_without_runners_it_is_the_same(home: Path, tmp_path: Path) -> None:
    case = Case(tmp_path / "case", "tests.Dear")
    with serving(home, *ARGS, "--runners", "0") as served:
        with speaking(served) as client:
            case.start(client)
            case.wait(client)
        served.kill()
        served.start()
        with speaking(served) as client:
            case.wait(client)
            case.finish(client)


def holding() -> Json:
    """A node that holds the loop, in a run that has its runner for itself because of another one."""
    made = through("tests.HoldLoop", seconds=30)
    made["nodes"].append(node("alone", "bench.nodes.BlockingSleep", seconds=0))
    return made


SLOW: dict[str, Json] = {
    "awaits": through("bench.nodes.Sleep", seconds=30),
    "holds a thread": through("bench.nodes.BlockingSleep", seconds=30),
    "holds the loop of its own runner": holding(),
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("impatient") / "home", *ARGS, "--node-timeout", "0.4") as served:
        yield served


@pytest.mark.parametrize("how", SLOW)
def test_a_node_that_takes_too_long_fails_its_run_and_others_go_on(impatient: Served, how: str) -> None:
    with speaking(impatient) as client:
        client.save("slow", SLOW[how])
        client.save("quick", through("bench.nodes.BlockingSleep", seconds=0))
        answer = client.run("slow")
        problem: Any = answer.json()

        assert (answer.status_code, problem["code"]) == (500, "timed_out")
        assert problem["detail"] == "the node took longer than 0.4 seconds"
        assert [fault["node_id"] for fault in problem["errors"]] == ["node"]
        assert client.run("quick", text="hi").json() == {"out": "hi"}
