"""A server that lies is found out, whatever the lie and wherever it is told."""

import re
from typing import Any

import pytest

from nodetool.client import Client
from nodetool.client.http import Request
from nodetool.conformance.laws import Event
from nodetool.conformance.server import Server
from nodetool.conformance.suite import Board, run
from nodetool.protocol.events import ENDED
from tests.conformance.liar import CutOff, Lie, lying
from tests.serving import Served

STREAMS = ["ndjson", "sse", "binary", "text"]
EVERYWHERE = [*STREAMS, "poll"]


def is_end(event: Event) -> bool:
    return event["type"] == "job_update" and event["status"] in ENDED


class Drops(Lie):
    """The fifth event is missing."""

    found = r"came where event 5 was due|a page of 9 events after 0 has next_after 10"

    def event(self, event: Event) -> list[Event]:
        return [] if event["seq"] == 5 else [event]


class DropsQuietly(Lie):
    """The fifth event is missing, and the numbers do not show it."""

    found = r"started and never ended|a page of 1 events after 9 has next_after 9"

    def event(self, event: Event) -> list[Event]:
        return [] if event["seq"] == 5 else [{**event, "seq": event["seq"] - (event["seq"] > 5)}]


class Doubles(Lie):
    """The fifth event comes twice."""

    found = r"came where event 6 was due|a page of 11 events after 0 has next_after 10"

    def event(self, event: Event) -> list[Event]:
        return [event, event] if event["seq"] == 5 else [event]


class Swaps(Lie):
    """The fifth event comes after the sixth."""

    found = r"came where event 5 was due"

    def __init__(self) -> None:
        self.held: list[Event] = []

    def event(self, event: Event) -> list[Event]:
        if event["seq"] == 5:
            self.held = [event]
            return []
        held, self.held = self.held, []
        return [event, *held]


class SwapsQuietly(Swaps):
    """The fifth event comes after the sixth, and each has the number of the other."""

    found = r"event 5 .* differs: type is .* afterwards"

    def event(self, event: Event) -> list[Event]:
        told = super().event(event)
        return [{**each, "seq": 5 + place} for place, each in enumerate(told)] if len(told) == 2 else told


class EndsTwice(Lie):
    """There are two terminal events."""

    found = r"2 terminal events|event 11 .* came where the reply to ping was due|Refused: the last event is 10"

    def event(self, event: Event) -> list[Event]:
        return [event, {**event, "seq": event["seq"] + 1}] if is_end(event) else [event]


class GoesOn(Lie):
    """Something comes behind the terminal event."""

    found = r"stands behind the terminal event|came where the reply to ping was due|Refused: the last event is 10"

    def event(self, event: Event) -> list[Event]:
        more = {"type": "edge_update", "edge_id": "e9", "status": "message_sent", "counter": 1}
        return [event, {**event, **more, "seq": event["seq"] + 1}] if is_end(event) else [event]


class NeverEnds(Lie):
    """The terminal event is kept back."""

    found = r"0 terminal events|no end in 0.5 seconds|a page of 0 events after 9 has next_after 10"
    seconds = 0.5

    def event(self, event: Event) -> list[Event]:
        return [] if is_end(event) else [event]


class Alters(Lie):
    """A value is not the one that was sent."""

    found = "output 'greeting' is .Hello, world., but its events brought"

    def event(self, event: Event) -> list[Event]:
        return [{**event, "value": "Hello, World"}] if event["type"] == "output_update" else [event]


class Retypes(Lie):
    """A whole number comes as one with a fraction, which most languages call equal."""

    found = r"counts 1\.0 after 0"

    def event(self, event: Event) -> list[Event]:
        return [{**event, "counter": float(event["counter"])}] if event["type"] == "edge_update" else [event]


class Forgets(Lie):
    """A field is left out."""

    found = r"event 8 .* differs: only .* has metadata"

    def event(self, event: Event) -> list[Event]:
        return [{key: value for key, value in event.items() if key != "metadata"}]


class Confuses(Lie):
    """An event is that of somebody else."""

    found = r"event 4 .* is not of job"

    def event(self, event: Event) -> list[Event]:
        return [{**event, "job_id": "0" * 32} if event["seq"] == 4 else event]


class Cuts(Lie):
    """The connection breaks off in the middle of the fifth event."""

    found = r"Unreachable: the connection was lost in the middle|closed with 1011|a page"

    def __init__(self) -> None:
        self.due = False

    def event(self, event: Event) -> list[Event]:
        self.due = event["seq"] == 5
        return [event]

    def bytes(self, data: bytes) -> bytes:
        if self.due:
            raise CutOff(data[: len(data) // 2])
        return data


class EndsInALine(Cuts):
    """The stream ends properly, but in the middle of the fifth event."""

    found = r"no JSON|not one id and one data|does not decode"

    def bytes(self, data: bytes) -> bytes:
        return data[: len(data) // 2] if self.due else data


LIES = [
    Drops,
    DropsQuietly,
    Doubles,
    Swaps,
    SwapsQuietly,
    EndsTwice,
    GoesOn,
    NeverEnds,
    Alters,
    Retypes,
    Forgets,
    Confuses,
]


async def ask(url: str, *only: str, seconds: float, scale: int = 1) -> Board:
    async with Client(url, timeout=10) as client:
        return await run(Server(client, seconds=seconds), scale=scale, seed=1, only=only, show=lambda _: None)


@pytest.mark.parametrize("where", EVERYWHERE)
async def test_the_truth_passes_and_lies_about_events_are_found(server: Served, where: str) -> None:
    async with lying(server.url) as (liar, url):
        board = await ask(url, "trivial", "refused joins", where, seconds=10)
        assert [cell.fault for cell in board.broken] == []

        liar.where = where
        for lie in LIES if where == "poll" else [*LIES, Cuts, EndsInALine]:
            liar.lie = lie
            (cell,) = (await ask(url, "trivial", where, seconds=lie.seconds)).broken
            assert re.search(lie.found, cell.fault), f"{lie.__name__}: {cell.fault}"


class Shifts(Lie):
    """The log is not what was told live."""

    found = r"time is \d+ for .* and \d+ for the log"

    def event(self, event: Event) -> list[Event]:
        return [{**event, "time": event["time"] + 1}]


@pytest.mark.parametrize("where", EVERYWHERE)
async def test_a_lie_to_those_who_join_is_found(server: Served, where: str) -> None:
    async with lying(server.url) as (liar, url):
        liar.where, liar.lie = where, Shifts

        (cell,) = (await ask(url, "cut and joined when ended", "sync", seconds=10, scale=3)).broken

    assert re.search(Shifts.found, cell.fault), cell.fault


class AnswersWrong(Lie):
    """The waiting call answers something else than the log has."""

    found = r"the answer is .*Hello, nobody"

    def answer(self, path: str, value: Any) -> Any:
        return {**value, "greeting": "Hello, nobody"} if path.endswith("/run") else value


class Exaggerates(Lie):
    """The job claims an event more than there is."""

    found = r"the job is completed at 11, but its events end completed at 10"

    def answer(self, path: str, value: Any) -> Any:
        return {**value, "last_seq": value["last_seq"] + 1} if "last_seq" in value else value


class CancelsNothing(Lie):
    """A cancel is answered, and forgotten."""

    found = r"no end in 1 seconds"
    seconds = 1.0

    def hears(self, path: str) -> bool:
        return not path.endswith("/cancel")


@pytest.mark.parametrize(
    ("lie", "row", "transport"),
    [(AnswersWrong, "trivial", "sync"), (Exaggerates, "trivial", "ndjson"), (CancelsNothing, "cancelled", "sse")],
)
async def test_a_lie_about_a_job_is_found(server: Served, lie: type[Lie], row: str, transport: str) -> None:
    async with lying(server.url) as (liar, url):
        liar.lie = lie

        (cell,) = (await ask(url, row, transport, seconds=lie.seconds)).broken

    assert re.search(lie.found, cell.fault), cell.fault
    await cancel_what_runs(server)


async def cancel_what_runs(server: Served) -> None:
    """Else the server would wait for it at its end."""
    async with Client(server.url) as client:
        for job in (await client.api.ask(Request(method="GET", path="/jobs", query={"status": "running"}))).value[
            "jobs"
        ]:
            await client.job(job["id"]).cancel()


async def test_what_was_stored_is_removed_whatever_comes_out(server: Served) -> None:
    async with lying(server.url) as (liar, url):
        liar.where, liar.lie = "ndjson", Drops
        await ask(url, "trivial", "refused runs", "cut and joined when ended", "ndjson", seconds=10)

    async with Client(server.url) as client:
        assert await client.workflows() == []
