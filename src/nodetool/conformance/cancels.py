"""A cancel ends the run, over whichever transport it is asked for, and nothing comes after."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from nodetool.conformance import laws
from nodetool.conformance.laws import Event, Wrong
from nodetool.conformance.rows import Check, Row, check_stored
from nodetool.conformance.server import Server
from nodetool.conformance.transports import Transport, read
from nodetool.conformance.workflows import slow

STEPS, PAUSE = 2_000, 0.05
"""A run that takes much longer than a cancel."""

QUIET = 0.2
"""Seconds after the end in which nothing may come."""


def cancels() -> Row:
    case = replace(slow(STEPS, PAUSE), name="cancelled")

    @asynccontextmanager
    async def opened(server: Server) -> AsyncIterator[Check]:
        async def check(transport: Transport) -> int:
            async with server.stored(case.name, case.graph) as workflow_id:
                reading = asyncio.create_task(read(transport.start(workflow_id, case.params)))
                try:
                    job_id = await cancel_when_under_way(server, transport, workflow_id, reading)
                    heard_id, events = await reading
                finally:
                    reading.cancel()
                check_cancelled(events, heard_id, job_id, workflow_id)
                await asyncio.sleep(QUIET)
                await check_stored(server, transport, job_id, events)
                await check_again(server, transport, job_id, events)
            return 1

        yield check

    return Row("cancelled", opened)


async def cancel_when_under_way(
    server: Server, transport: Transport, workflow_id: str, reading: "asyncio.Task[tuple[str, list[Event]]]"
) -> str:
    """Find the job, wait until a value has reached its output, and cancel it."""
    while not (jobs := await server.jobs_of(workflow_id)):
        if reading.done():
            await reading
        await asyncio.sleep(0.01)
    after = 0
    while True:
        page = await server.page(jobs[0], after, wait=server.wait)
        if any(event.get("type") in ("output_update", "node_progress") for event in page.events):
            break
        after = page.next_after
    await transport.cancel(jobs[0])
    return jobs[0]


def check_cancelled(events: list[Event], heard_id: str, job_id: str, workflow_id: str) -> None:
    if heard_id != job_id:
        raise Wrong(f"the only job of the workflow is {job_id}, but the transport told of {heard_id}")
    laws.check(events, job_id=job_id, workflow_id=workflow_id)
    if events[-1]["status"] != "cancelled":
        raise Wrong(f"the job {events[-1]['status']} after it was cancelled")


async def check_again(server: Server, transport: Transport, job_id: str, events: list[Event]) -> None:
    """Check that a second cancel changes nothing."""
    await transport.cancel(job_id)
    laws.compare_events(await server.log(job_id), events, ("the log after a second cancel", "the log before"))
