"""What a server must refuse, with which words, and without storing anything."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nodetool.client import Refused
from nodetool.conformance.laws import Wrong
from nodetool.conformance.rows import Check, Row
from nodetool.conformance.server import Server
from nodetool.conformance.transports import Opening, Transport, read
from nodetool.conformance.workflows import trivial, unknown_node

NOBODY = "01900000000070008000000000000000"
"""An id that looks like one, and is nobody's."""


def refusals() -> Row:
    """What cannot be, is refused over every transport by the same code."""

    @asynccontextmanager
    async def opened(server: Server) -> AsyncIterator[Check]:
        case = trivial()
        async with (
            server.stored("refused", case.graph) as good,
            server.stored("findings", unknown_node(), findings=True) as bad,
        ):

            async def check(transport: Transport) -> int:
                await refused(transport.start(NOBODY, {}), "not_found", 404)
                faults = await refused(transport.start(bad, {}), "workflow_has_findings", 422)
                if "mystery" not in [fault.node_id for fault in faults.errors]:
                    raise Wrong(f"{faults!r} does not name the node")
                faults = await refused(transport.start(good, {"nobody": 1}), "invalid_params", 422)
                if not any("nobody" in (fault.field or "") for fault in faults.errors):
                    raise Wrong(f"{faults!r} does not name the param")
                if stored := [*await server.jobs_of(bad), *await server.jobs_of(good)]:
                    raise Wrong(f"what was refused left the job {stored[0]}")
                return 0

            yield check

    return Row("refused runs", opened)


def refused_joins() -> Row:
    """Nobody reads a job that is not there, or events that are not there yet."""

    @asynccontextmanager
    async def opened(server: Server) -> AsyncIterator[Check]:
        case = trivial()
        async with server.stored("refused joins", case.graph) as workflow_id:

            async def check(transport: Transport) -> int:
                await refused(transport.join(NOBODY, 0), "not_found", 404)
                job_id, events = await read(transport.start(workflow_id, case.params))
                await refused(transport.join(job_id, len(events) + 1), "cursor_ahead", 409)
                _, rest = await read(transport.join(job_id, len(events)))
                if rest:
                    raise Wrong(f"{len(rest)} events came behind the last")
                return 1

            yield check

    return Row("refused joins", opened, takes=lambda transport: transport.joins)


async def refused(opening: Opening, code: str, status: int) -> Refused:
    """Return the refusal; over a socket it has no status."""
    try:
        job_id, events = await read(opening)
    except Refused as refusal:
        if refusal.code == code and refusal.status in (0, status):
            return refusal
        raise Wrong(f"the answer is {refusal.status} {refusal.code}, where {status} {code} is due") from None
    raise Wrong(f"there are {len(events)} events of job {job_id}, where {code} is due")
