"""Tokens that users make for their programs.

A token is 32 random bytes, so a plain SHA-256 keeps it safe at rest: nobody can guess it, so guessing need not be slow.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
import structlog

from nodetool.auth.identity import SCOPES, Identity
from nodetool.auth.port import Known
from nodetool.protocol.answers import TokenDocument
from nodetool.protocol.errors import Conflict, Fault, InvalidRequest, NodetoolError, NotFound
from nodetool.protocol.ids import new_id, normal_id
from nodetool.protocol.times import rfc3339
from nodetool.storage.port import Changing, CreateToken, Reader, Refused, RevokeToken, TokenRow, UseToken

PREFIX = "nt_"
"""How a token begins, so that people and scanners of secrets know it."""

SHOWN = len(PREFIX) + 6
"""Characters that lists and log lines show of it."""

FRESH = 1.0
"""Seconds that a token is known without looking: so soon one that another process revoked stops working."""

USED_US = 3600 * 1_000_000
"""Its last use is written down this often at most."""

MOST = 1000
"""Tokens of a user."""

NAME = 256
"""Characters of a name."""

_log = structlog.get_logger()


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a new token is to be."""

    name: str
    scopes: Sequence[str] = ("run", "read")
    workflow_id: str | None = None
    expires_us: int | None = None


class Tokens:
    """The tokens of all users, in the database."""

    def __init__(self, writer: Changing, reader: Reader, *, now_us: Callable[[], int]) -> None:
        self.on_revoked: Callable[[bytes], object] = lambda _: None
        """Called with the hash of a token that is not to be known any longer."""
        self._writer = writer
        self._reader = reader
        self._now_us = now_us

    async def find(self, hash: bytes) -> Known | None:
        """Return whose token has this hash, unless its time is over."""
        row = await self._reader.token(hash)
        now_us = self._now_us()
        if row is None or (row.expires_us is not None and row.expires_us <= now_us):
            return None
        if row.used_us is None or now_us - row.used_us >= USED_US:
            asyncio.ensure_future(self._writer.append([UseToken(hash=hash, used_us=now_us)])).add_done_callback(_noted)
        left = FRESH if row.expires_us is None else min(FRESH, (row.expires_us - now_us) / 1e6)
        return Known(identity_of(row), left)

    async def create(self, user: str, wanted: Wanted) -> tuple[str, TokenRow]:
        """Make a token and return it, which nobody can do again, with its row.

        Raises:
            InvalidRequest: it cannot be like this.
            Conflict: the user has as many as may be.
        """
        now_us = self._now_us()
        check(wanted, now_us)
        token = PREFIX + secrets.token_urlsafe(32)
        row = TokenRow(
            id=new_id(now_us),
            hash=sha256(token.encode()).digest(),
            user=user,
            name=wanted.name,
            prefix=token[:SHOWN],
            scopes=sorted(set(wanted.scopes)),
            workflow_id=wanted.workflow_id,
            created_us=now_us,
            expires_us=wanted.expires_us,
            used_us=None,
        )
        (outcome,) = await self._writer.append([CreateToken(row=row, most=MOST)])
        if isinstance(outcome, Refused):
            raise Conflict(f"a user has {MOST} tokens at most: revoke one first")
        return token, row

    async def all(self, user: str) -> list[TokenRow]:
        """Return a user's tokens, newest first."""
        return await self._reader.tokens(user)

    async def revoke(self, user: str, id: str) -> TokenRow:
        """Delete a token: it stops working at once. Raises NotFound."""
        row = await self._reader.token_by_id(normal_id(id) or "")
        if row is None or row.user != user:
            raise NotFound("token", id)
        (outcome,) = await self._writer.append([RevokeToken(id=row.id, user=user)])
        self.on_revoked(row.hash)
        if isinstance(outcome, Refused):
            raise NotFound("token", id)
        return row


def check(wanted: Wanted, now_us: int) -> None:
    """Raise InvalidRequest if a token cannot be like this."""
    if not 1 <= len(wanted.name) <= NAME or not wanted.name.isprintable():
        raise _misfit("name", f"expected 1 to {NAME} printable characters")
    if not wanted.scopes or not SCOPES.issuperset(wanted.scopes):
        raise _misfit("scopes", f"expected some of {', '.join(sorted(SCOPES))}")
    if wanted.workflow_id is not None and not 1 <= len(wanted.workflow_id) <= NAME:
        raise _misfit("workflow_id", f"expected 1 to {NAME} characters")
    if wanted.workflow_id is not None and "admin" in wanted.scopes:
        raise _misfit("scopes", "a token for one workflow cannot have admin")
    if wanted.expires_us is not None and not now_us < wanted.expires_us < 2**62:
        raise _misfit("expires", "expected a moment that is still to come")


def identity_of(row: TokenRow) -> Identity:
    return Identity(user=row.user, scopes=frozenset(row.scopes), workflow_id=row.workflow_id, token=row.prefix)


def shown(row: TokenRow) -> TokenDocument:
    """Return what may be shown of a token."""
    return TokenDocument(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        workflow_id=row.workflow_id,
        created_at=rfc3339(row.created_us),
        expires_at=None if row.expires_us is None else rfc3339(row.expires_us),
        last_used_at=None if row.used_us is None else rfc3339(row.used_us),
    )


def _misfit(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field}: {message}", errors=[Fault(field=f"$.{field}", message=message)])


def _noted(done: "asyncio.Future[Any]") -> None:
    """Nobody waits for it to be written, and nothing depends on it."""
    if not done.cancelled() and isinstance(done.exception(), NodetoolError):
        _log.warning("token.use", detail="the last use could not be written")
