"""Who may come in, and as whom: the token that a request carries, and the names that it calls us by."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from nodetool.auth.identity import NOBODY, Identity
from nodetool.protocol.errors import ForeignHost, ForeignOrigin, NodetoolError, Unauthorized
from nodetool.server.house import House
from nodetool.server.pace import Pace
from nodetool.server.ports import Asking
from nodetool.server.responses import Header

MALFORMED = "Invalid authorization header format. Use 'Authorization: Bearer YOUR_TOKEN'."
WRONG = "Invalid authentication token. Use 'Authorization: Bearer YOUR_TOKEN' with a token that this server knows."

IN_QUERY = ("api_key", "token")
"""Where a page may put the token of a socket, since it cannot set headers."""


class Heads:
    """What the headers say about who is asking."""

    __slots__ = ("authorization", "host", "origin")

    def __init__(self, headers: Iterable[Header]) -> None:
        self.host = b""
        self.origin: bytes | None = None
        self.authorization: bytes | None = None
        for name, value in headers:
            if name == b"host":
                self.host = value
            elif name == b"origin":
                self.origin = value
            elif name == b"authorization":
                self.authorization = value if self.authorization is None else b""  # two of them are none


class Admission:
    """Decides about each request, before anything else looks at it.

    *public* are the paths that are for everybody; *pace* is None where there is no limit.
    """

    def __init__(self, house: House, asking: Asking, public: frozenset[str], pace: Pace | None = None) -> None:
        self._house = house
        self._asking = asking
        self._guest = asking.guest
        self._public = public
        self._pace = pace

    async def admit(self, scope: Any, heads: Heads) -> Identity:
        """Return who asks.

        Raises:
            ForeignHost, ForeignOrigin: a page that is not ours may be behind it, and there is no token that we know.
            Unauthorized: tokens are asked for here.
            AuthUnavailable: whose token it is cannot be told now.
            RateLimited: too much comes from there, or from this user.
        """
        if self._pace is None or scope["path"] in self._public:
            return await self._who(scope, heads)
        self._pace.check_address(scope)
        identity = await self._who(scope, heads)
        self._pace.check_user(identity.user)
        return identity

    async def _who(self, scope: Any, heads: Heads) -> Identity:
        guest = self._guest
        if guest is None and scope["path"] in self._public:
            return NOBODY
        if heads.authorization is not None:
            identity = await self._asking.who(bearer(heads.authorization))
            if identity is not None:
                return identity
        if guest is None:
            raise refused(heads.authorization)
        if error := self.objection(scope, heads):
            raise error
        return guest

    async def admit_socket(self, scope: Any, heads: Heads) -> Identity | None:
        """Return who opens a socket; None if its first command has to say so. Raises as ``admit`` does."""
        scope["token"] = ""
        if self._pace:
            self._pace.check_address(scope)
        token = bearer(heads.authorization) if heads.authorization is not None else in_query(scope["query_string"])
        if token is not None:
            identity = await self._asking.who(token)
            if identity is not None:
                scope["token"] = token
                return identity
        if self._guest is None:
            if token is None:
                return None
            raise Unauthorized("Invalid authentication")
        if error := self.objection(scope, heads):
            raise error
        return self._guest

    def objection(self, scope: Any, heads: Heads) -> NodetoolError | None:
        """Return what speaks against a request without a token, where none is asked for."""
        if self.is_foreign_host(scope, heads):
            name = shown(heads.host)
            return ForeignHost(f"the host is not ours, and --allow-host does not name it: {name}; a token would do too")
        if heads.origin is not None and not self._house.knows_origin(heads.origin, heads.host):
            name = shown(heads.origin)
            return ForeignOrigin(
                f"the page is not ours, and --allow-origin does not name its origin: {name}; a token would do too"
            )
        return None

    def is_foreign_host(self, scope: Any, heads: Heads) -> bool:
        server = scope.get("server")
        return bool(heads.host) and not self._house.knows_host(heads.host, server[0] if server else "")

    def may_ask_first(self, scope: Any, heads: Heads) -> bool:
        """Tell whether a page may ask if it may call. Where tokens are asked for, each request is looked at itself."""
        return self._guest is None or not self.is_foreign_host(scope, heads)


def bearer(authorization: bytes) -> str:
    """Return the token in a header, nothing if it holds none."""
    scheme, _, token = authorization.strip().partition(b" ")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""


def in_query(query: bytes) -> str | None:
    """Return the token in a socket's query, None without one."""
    if not query:
        return None
    found = parse_qs(query.decode("latin-1"))
    return next((found[name][-1] for name in IN_QUERY if name in found), None)


def refused(authorization: bytes | None) -> Unauthorized:
    """Return what is said to somebody without a token that we know."""
    if authorization is None:
        return Unauthorized()
    if not bearer(authorization):
        return Unauthorized(MALFORMED, why="invalid_request")
    return Unauthorized(WRONG, why="invalid_token")


def shown(value: bytes) -> str:
    return value[:100].decode("latin-1")
