"""HTTP for secrets: they are set and removed, and their names are listed. No answer holds a value."""

import msgspec

from nodetool.protocol.answers import SecretDocument, SecretList
from nodetool.protocol.documents import SecretRequest
from nodetool.protocol.times import rfc3339
from nodetool.server.options import Options
from nodetool.server.ports import Secrets
from nodetool.server.requests import Request, in_path, read_json, user_of
from nodetool.server.responses import Answer, document
from nodetool.server.types import ASGIApp

_request = msgspec.json.Decoder(SecretRequest)


class SecretRoutes:
    """The routes under ``/settings/secrets``."""

    def __init__(self, secrets: Secrets, options: Options) -> None:
        self._secrets = secrets
        self._max_body = options.max_body

    async def list(self, request: Request) -> ASGIApp:
        """List the secrets that are set, by name, without their values."""
        rows = await self._secrets.list(user_of(request))
        known = [SecretDocument(name=row.name, updated_at=rfc3339(row.updated_us)) for row in rows]
        return document(SecretList(next="", secrets=known))

    async def set(self, request: Request) -> ASGIApp:
        """Set a secret, whether it is new or not."""
        asked = await read_json(request, _request, self._max_body)
        name = in_path(request, "name")
        now_us = await self._secrets.set(user_of(request), name, asked.value)
        return document(SecretDocument(name=name, updated_at=rfc3339(now_us)))

    async def delete(self, request: Request) -> ASGIApp:
        """Remove a secret."""
        await self._secrets.delete(user_of(request), in_path(request, "name"))
        return Answer(b"null")
