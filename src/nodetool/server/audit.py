"""Who ran, changed and deleted what, and from where: a line for each, in the server's log."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from nodetool.auth.identity import Identity
from nodetool.protocol.errors import NodetoolError
from nodetool.server.requests import Request, identity_of
from nodetool.server.responses import JOB_ID
from nodetool.server.types import ASGIApp

Handler = Callable[[Request], Awaitable[ASGIApp]]

_log = structlog.get_logger()


class Audit:
    """Writes the lines. They name ids, never what a request holds."""

    async def heard(self, request: Request, action: str, handler: Handler) -> ASGIApp:
        """Handle a request, and note what it has done; a run that failed was one too."""
        try:
            answer = await handler(request)
        except NodetoolError as error:
            if error.job_id:
                self._note(request, action, error.job_id)
            raise
        headers = dict(getattr(answer, "headers", ()))
        made = headers.get(b"location", b"").rpartition(b"/")[2]
        self._note(request, action, headers.get(JOB_ID, b"").decode("latin-1"), made.decode("latin-1"))
        return answer

    def _note(self, request: Request, action: str, job_id: str, made: str = "") -> None:
        in_path = "".join(request.scope["path_params"].values())  # no route has more than one
        id = in_path.removeprefix("/") or made
        self.write(identity_of(request), request.scope["client"], action, id, job_id)

    def write(self, identity: Identity, client: Any, action: str, id: str, job_id: str) -> None:
        """Note what was done, to what has this *id*, and the job that came of it."""
        _log.info(
            "audit",
            user=identity.user,
            token=identity.token or None,
            address=client[0] if client else None,
            action=action,
            id=id or None,
            job_id=job_id or None,
        )
