"""What a server is asked to keep: each row is one promise, checked over each transport."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from nodetool.conformance import laws
from nodetool.conformance.laws import Event, Wrong, canonical, shown
from nodetool.conformance.server import Server
from nodetool.conformance.transports import Ndjson, Poll, Sync, Transport, read
from nodetool.conformance.workflows import Case

Check = Callable[[Transport], Awaitable[int]]
"""Checks one transport. Returns how many runs that took; raises Wrong."""


@dataclass(frozen=True, slots=True)
class Row:
    """A promise. ``open`` stores what it needs for the length of a block."""

    name: str
    open: Callable[[Server], AbstractAsyncContextManager[Check]]
    takes: Callable[[Transport], bool] = lambda _: True
    timed: bool = True
    """The whole of it has to be done in the time of one reading."""


def same_everywhere(case: Case) -> Row:
    """The same run has the same events and result, whichever way it was asked for and read."""

    @asynccontextmanager
    async def opened(server: Server) -> AsyncIterator[Check]:
        async with server.stored(case.name, case.graph) as workflow_id:
            told: list[tuple[str, laws.Story]] = []

            async def check(transport: Transport) -> int:
                job_id, events = await read(transport.start(workflow_id, case.params))
                check_run(case, events, job_id, workflow_id)
                await check_stored(server, transport, job_id, events)
                told.append((transport.name, laws.story(events, ordered=case.ordered)))
                laws.compare(told[-1][1], told[0][1], (told[-1][0], told[0][0]))
                return 1

            yield check

    return Row(case.name, opened)


def check_run(case: Case, events: list[Event], job_id: str, workflow_id: str) -> None:
    """Check one run by itself: the laws of every job, and the end of this one."""
    laws.check(events, job_id=job_id, workflow_id=workflow_id)
    end = events[-1]
    if end["status"] != case.status:
        raise Wrong(f"the job {end['status']} ({end.get('error')}), where {case.status} is due")
    if case.status == "completed":
        laws.check_outputs(events)
        laws.check_drained(events, [edge["id"] for edge in case.graph["edges"]])
        if canonical(end["result"]) != canonical(case.result):
            raise Wrong(f"the result: {laws.difference(end['result'], case.result, ('the server', 'arithmetic'))}")
    elif end.get("code") != case.code or case.node_id not in [fault.get("node_id") for fault in end.get("errors", [])]:
        raise Wrong(f"{shown(end)} does not say {case.code} at node {case.node_id}")


async def check_stored(server: Server, transport: Transport, job_id: str, events: list[Event]) -> None:
    """Check that a witness who reads the log another way, and the job itself, say what the transport said."""
    witness = Ndjson(server) if transport.name in (Poll.name, Sync.name) else Poll(server)
    _, log = await read(witness.join(job_id, 0))
    laws.compare_events(events, log, (transport.name, f"{witness.name} afterwards"))
    job, end = await server.job(job_id), events[-1]
    if (job.status, job.last_seq) != (end["status"], len(events)):
        raise Wrong(f"the job is {job.status} at {job.last_seq}, but its events end {end['status']} at {len(events)}")
    if canonical(job.result) != canonical(end.get("result")):
        raise Wrong(f"the job has the result {shown(job.result)}, but its last event {shown(end.get('result'))}")
