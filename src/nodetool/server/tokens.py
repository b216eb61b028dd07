"""HTTP for the tokens that users make: decode, hand over, encode."""

import msgspec

from nodetool.auth.tokens import Wanted, shown
from nodetool.protocol.answers import NewToken, TokenList
from nodetool.protocol.documents import TokenRequest
from nodetool.protocol.times import microseconds
from nodetool.server.options import Options
from nodetool.server.ports import Tokens
from nodetool.server.requests import Request, id_of, read_json, user_of
from nodetool.server.responses import Answer, document, location
from nodetool.server.types import ASGIApp

NOT_KEPT = ((b"cache-control", b"no-store"),)

_request = msgspec.json.Decoder(TokenRequest)


class TokenRoutes:
    """The routes under ``/tokens``."""

    def __init__(self, tokens: Tokens, options: Options) -> None:
        self._tokens = tokens
        self._max_body = options.max_body
        self._prefix = options.prefix

    async def create(self, request: Request) -> ASGIApp:
        """Make a token. It is told this once, and never again."""
        asked = await read_json(request, _request, self._max_body)
        token, row = await self._tokens.create(user_of(request), wanted(asked))
        made = NewToken(**msgspec.structs.asdict(shown(row)), token=token)
        return document(made, headers=(location(f"{self._prefix}/tokens/{row.id}"), *NOT_KEPT))

    async def page(self, request: Request) -> ASGIApp:
        """List the tokens, newest first."""
        rows = await self._tokens.all(user_of(request))
        return document(TokenList(next="", tokens=[shown(row) for row in rows]), headers=NOT_KEPT)

    async def revoke(self, request: Request) -> ASGIApp:
        """Delete a token. It stops working at once."""
        await self._tokens.revoke(user_of(request), id_of(request))
        return Answer(b"null")


def wanted(asked: TokenRequest) -> Wanted:
    return Wanted(
        name=asked.name,
        scopes=asked.scopes,
        workflow_id=asked.workflow_id,
        expires_us=None if asked.expires_at is None else microseconds(asked.expires_at),
    )
