"""The rooms as a token for one workflow sees them: nothing else is there."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from nodetool.protocol.answers import JobProfile
from nodetool.protocol.documents import Workflow, WorkflowRequest
from nodetool.protocol.errors import Forbidden, NotFound
from nodetool.server.ports import Cursor, Ending, Job, Jobs, Services, Workflows
from nodetool.storage.blobs import Area, Stored
from nodetool.storage.port import JobRow, Once, Page


def confined(services: Services, workflow_id: str) -> Services:
    """Return *services* with nothing but one workflow and its jobs."""
    return replace(
        services,
        jobs=JobsOfOne(services.jobs, workflow_id),
        workflows=OneWorkflow(services.workflows, workflow_id),
        blobs=NoBlobs(),
    )


class JobsOfOne:
    """The jobs of one workflow."""

    def __init__(self, jobs: Jobs, workflow_id: str) -> None:
        self._jobs = jobs
        self._workflow_id = workflow_id

    async def start(
        self,
        user: str,
        workflow_id: str,
        params: dict[str, Any],
        *,
        id: str | None = None,
        once: Once | None = None,
        merges: bool = False,
    ) -> Job:
        if workflow_id != self._workflow_id:
            raise NotFound("workflow", workflow_id)
        return await self._jobs.start(user, workflow_id, params, id=id, once=once, merges=merges)

    async def start_graph(self, *_: Any, **__: Any) -> Job:
        raise Forbidden("the token is for one stored workflow, not for graphs that are sent along")

    async def retry(self, user: str, id: str) -> Job:
        await self.job(user, id)
        return await self._jobs.retry(user, id)

    async def job(self, user: str, id: str) -> JobRow:
        row = await self._jobs.job(user, id)
        if row.workflow_id != self._workflow_id:
            raise NotFound("job", id)
        return row

    async def jobs(
        self, user: str, *, limit: int, cursor: str, workflow_id: str | None, status: str | None
    ) -> Page[JobRow]:
        if workflow_id not in (None, self._workflow_id):
            return Page([], "")
        only = self._workflow_id
        return await self._jobs.jobs(user, limit=limit, cursor=cursor, workflow_id=only, status=status)

    async def ending(self, row: JobRow) -> Ending | None:
        return await self._jobs.ending(row)

    async def events(self, user: str, id: str, after: int) -> Cursor:
        await self.job(user, id)
        return await self._jobs.events(user, id, after)

    async def profile(self, user: str, id: str) -> JobProfile:
        await self.job(user, id)
        return await self._jobs.profile(user, id)

    async def feed(self, user: str, id: str, name: str, value: Any) -> Awaitable[None]:
        await self.job(user, id)
        return await self._jobs.feed(user, id, name, value)

    async def end_input(self, user: str, id: str, name: str) -> Awaitable[None]:
        await self.job(user, id)
        return await self._jobs.end_input(user, id, name)

    async def cancel(self, user: str, id: str) -> JobRow:
        await self.job(user, id)
        return await self._jobs.cancel(user, id)


class OneWorkflow:
    """One workflow, which may be read, replaced and deleted."""

    def __init__(self, workflows: Workflows, id: str) -> None:
        self._workflows = workflows
        self._id = id

    async def get(self, user: str, id: str) -> tuple[Workflow, str]:
        self._check(id)
        return await self._workflows.get(user, id)

    async def page(self, user: str, *, limit: int, cursor: str) -> Page[Workflow]:
        """Return the one workflow, if it is there; a page has room for it."""
        rows: Sequence[Workflow] = ()
        if not cursor:
            with suppress(NotFound):
                rows = [(await self._workflows.get(user, self._id))[0]]
        return Page(list(rows[:limit]), "")

    async def create(self, *_: Any) -> tuple[Workflow, str]:
        raise Forbidden("the token is for one workflow, and a new one is another")

    async def replace(self, user: str, id: str, request: WorkflowRequest, if_match: str | None) -> tuple[Workflow, str]:
        self._check(id)
        return await self._workflows.replace(user, id, request, if_match)

    async def delete(self, user: str, id: str, if_match: str | None) -> None:
        self._check(id)
        await self._workflows.delete(user, id, if_match)

    def _check(self, id: str) -> None:
        if id != self._id:
            raise NotFound("workflow", id)


class NoBlobs:
    """No stored files: they belong to no workflow."""

    async def open(self, area: Area, user: str, key: str) -> Stored | None:  # noqa: ARG002 - as Blobs has it
        return None

    async def write(self, area: Area, user: str, key: str, pieces: AsyncIterator[bytes], limit: int) -> None:  # noqa: ARG002
        raise Forbidden("the token is for one workflow, and files belong to none")

    async def delete(self, area: Area, user: str, key: str) -> bool:  # noqa: ARG002 - as Blobs has it
        return False
