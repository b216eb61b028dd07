"""Who is on a socket: known from its request, or from its first command; and known as long as the token is good."""

import asyncio
from dataclasses import dataclass
from typing import Any

from nodetool.auth.identity import Identity
from nodetool.protocol.errors import AuthUnavailable, RateLimited
from nodetool.server.closing import Close
from nodetool.server.frames import token_in
from nodetool.server.options import Options
from nodetool.server.pace import Pace
from nodetool.server.ports import Asking
from nodetool.server.types import Receive, Scope

MISSING = Close(1008, "Missing authentication: send a Bearer token, ?api_key=, or auth_token in the first command")
INVALID = Close(1008, "Invalid authentication")
OVER = Close(1008, "the token is not valid any longer")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on a socket. ``receive`` gives what the client sends, from its first frame on."""

    identity: Identity
    token: str
    """Nothing if none was needed."""
    receive: Receive


class Door:
    """Lets somebody onto a socket that is accepted."""

    def __init__(self, asking: Asking, pace: Pace | None, options: Options) -> None:
        self._asking = asking
        self._pace = pace
        self._introduction = options.introduction
        self._again = options.again

    async def meet(self, scope: Scope, receive: Receive) -> Visitor | Close | None:
        """Return who is there, or why the socket has to be closed; None if the client left."""
        if scope["auth"] is not None:
            return Visitor(scope["auth"], scope["token"], receive)
        try:
            async with asyncio.timeout(self._introduction):
                first = await receive()
        except TimeoutError:
            return MISSING
        if first["type"] == "websocket.disconnect":
            return None
        frame = first.get("bytes")
        token = token_in(first["text"] if frame is None else frame)
        try:
            identity = await self._asking.who(token)
        except AuthUnavailable as error:
            return Close(1013, error.detail)
        if identity is None:
            return INVALID if token else MISSING
        return Visitor(identity, token, after(first, receive))

    def looks_again(self, visitor: Visitor) -> float | None:
        """Return the seconds until the token of somebody who says nothing is looked at again; None for never."""
        return self._again if visitor.token else None

    async def knows(self, visitor: Visitor) -> bool:
        """Tell whether the token of somebody on a socket is still good. Where that cannot be told, it is."""
        if not visitor.token:
            return True
        try:
            return await self._asking.who(visitor.token) == visitor.identity
        except AuthUnavailable:
            return True

    def too_fast(self, visitor: Visitor) -> RateLimited | None:
        """Return the refusal of a command that comes too fast."""
        try:
            if self._pace:
                self._pace.check_user(visitor.identity.user)
        except RateLimited as error:
            return error
        return None


def after(first: Any, receive: Receive) -> Receive:
    """Return what gives the *first* message once more, and then what *receive* gives."""
    held = [first]

    async def next_one() -> Any:
        return held.pop() if held else await receive()

    return next_one
