"""``supabase``: users sign in at a Supabase project, and their tokens are checked here, without asking it each time.

A token is signed with one of the project's keys, which it publishes; older projects sign with a secret that both know.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from http.client import HTTPException
from typing import Any
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)

import jwt
import msgspec

from nodetool.auth.identity import Identity
from nodetool.auth.keys import ALGORITHMS, Keys
from nodetool.auth.port import Known

KEYS_PATH = "/auth/v1/.well-known/jwks.json"
ISSUER_PATH = "/auth/v1"

SKEW = 30
"""Seconds that the two clocks may differ by."""

SHARED = "HS256"

TIMEOUT = 5.0
"""Seconds for the project to send its keys …"""

MOST = 1 << 20
"""… and bytes of them."""

LONGEST = 256
"""Characters of a user's id."""


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A Supabase project. At least one of ``url`` and ``secret`` is set."""

    url: str = ""
    """As ``https://abc.supabase.co``: where the keys are, and who issues the tokens."""
    secret: str = ""
    """The shared secret of an older project."""
    audience: str = "authenticated"
    cache_seconds: float = 60.0
    """How long a token that was found good is not checked again."""


class SupabaseProvider:
    """Checks signature, issuer, audience and times of a token; its subject is the user."""

    guest: Identity | None = None

    def __init__(self, project: Project, *, now: Callable[[], float]) -> None:
        self._project = project
        url = project.url.rstrip("/")
        self._issuer = url + ISSUER_PATH if url else None
        self._keys = Keys(fetcher(url + KEYS_PATH), now=now) if url else None

    async def who(self, token: str) -> Known | None:
        """Return the subject of a token. Raises AuthUnavailable."""
        try:
            head = jwt.get_unverified_header(token)
            algorithm, key = head.get("alg"), await self._key(head)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[str(algorithm)],
                audience=self._project.audience,
                issuer=self._issuer,
                leeway=SKEW,
                options={"require": ["exp", "sub", "aud"]},
            )
            return known(claims, self._project.cache_seconds)
        except (jwt.PyJWTError, ValueError, TypeError, ArithmeticError, RecursionError):
            return None

    async def _key(self, head: dict[str, Any]) -> Any:
        """Return the key for a token with this head: its algorithm has to be the one of the key."""
        algorithm, name = head.get("alg"), head.get("kid")
        if algorithm == SHARED:
            return self._project.secret or None
        if self._keys is None or algorithm not in ALGORITHMS.values():
            return None
        key = await self._keys.get(name if isinstance(name, str) else "")
        return key.key if key and key.algorithm == algorithm else None


def known(claims: dict[str, Any], cache_seconds: float) -> Known | None:
    user = claims["sub"]
    if not isinstance(user, str) or not 1 <= len(user) <= LONGEST:
        return None
    left = float(claims["exp"]) + SKEW - time.time()
    return Known(Identity(user=user, token="jwt"), max(0.0, min(cache_seconds, left)))  # noqa: S106 - it names the kind


def fetcher(url: str) -> Callable[[], Awaitable[bytes]]:
    """Return what gets the document at *url*. It raises OSError."""
    return partial(asyncio.to_thread, _get, url)


def _opener() -> OpenerDirector:
    """Return what opens a URL and follows no redirect: the keys are where they are said to be, and nowhere else."""
    opener = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPErrorProcessor, HTTPDefaultErrorHandler):
        opener.add_handler(handler())
    return opener


def _get(url: str) -> bytes:
    try:
        with _opener().open(url, timeout=TIMEOUT) as answer:
            data: bytes = answer.read(MOST + 1)
    except HTTPException as error:
        raise OSError("the answer is not HTTP") from error
    if len(data) > MOST:
        raise OSError("the answer is too large")
    return data
