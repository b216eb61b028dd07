"""The public keys of an issuer of tokens: fetched when one is needed that is not known, and kept.

An issuer changes its keys now and then: a token with a new one comes before we know it, so an unknown name of a key is
a reason to fetch. But whoever invents names must not make us fetch all day, and an issuer that does not answer for an
hour must not lock everybody out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import msgspec
import structlog

from nodetool.protocol.errors import AuthUnavailable

FRESH = 600.0
"""Seconds after which the keys are fetched again, so that one that was withdrawn is forgotten."""

STALE = 3600.0
"""Seconds that keys count for at most if the issuer does not answer."""

PAUSE = 10.0
"""Seconds between two fetches, whatever comes."""

ALGORITHMS = {("RSA", ""): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
"""The one algorithm for each kind of key. What the token or the key set says beside that does not count."""

RSA_BITS = 2048

_log = structlog.get_logger()


class Key(msgspec.Struct, frozen=True):
    """A public key, and the one algorithm that it is used with."""

    algorithm: str
    key: Any


class KeySet(msgspec.Struct):
    """What an issuer publishes (RFC 7517)."""

    keys: list[dict[str, Any]]


_set = msgspec.json.Decoder(KeySet)


class Keys:
    """The keys by their names. *fetch* gets the set; *now* is a clock that only goes forward."""

    def __init__(self, fetch: Callable[[], Awaitable[bytes]], *, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, Key] = {}
        self._fetched: float | None = None
        """When the keys that we have came."""
        self._tried: float | None = None
        self._trying: asyncio.Task[None] | None = None

    async def get(self, name: str) -> Key | None:
        """Return the key of this name, None if the issuer has none.

        Raises:
            AuthUnavailable: the issuer does not answer, and did not for long.
        """
        if not self._is_known(name) and self._may_try():
            await self._refresh()
        key = self._keys.get(name) if self._age() < STALE else None
        if key is None and self._fetched != self._tried:
            raise AuthUnavailable  # the last fetch failed: the key may well be there
        return key

    def _is_known(self, name: str) -> bool:
        return name in self._keys and self._age() < FRESH

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._now() - self._fetched

    def _may_try(self) -> bool:
        return self._trying is not None or self._tried is None or self._now() - self._tried >= PAUSE

    async def _refresh(self) -> None:
        """Fetch, or wait for the fetch that is under way: many may need the same key."""
        if self._trying is None:
            self._trying = asyncio.create_task(self._try())
        await asyncio.shield(self._trying)

    async def _try(self) -> None:
        began = self._now()
        try:
            self._keys = read_keys(await self._fetch())
            self._fetched = began
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("auth.keys", detail="the keys of the issuer cannot be fetched", error=type(error).__name__)
        finally:
            self._tried, self._trying = began, None


def read_keys(data: bytes) -> dict[str, Key]:
    """Return the keys of a set that can be used, by their names. Raises MsgspecError: it is no set of keys."""
    found = [(str(raw.get("kid") or ""), read_key(raw)) for raw in _set.decode(data).keys]
    return {name: key for name, key in found if key is not None}


def read_key(raw: dict[str, Any]) -> Key | None:
    """Return a public key for signatures; None for any other, and for one that is too weak."""
    kind = str(raw.get("kty"))
    algorithm = ALGORITHMS.get((kind, "" if kind == "RSA" else str(raw.get("crv"))))
    if algorithm is None or raw.get("use", "sig") != "sig" or raw.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(raw, algorithm=algorithm).key
    except (jwt.PyJWTError, TypeError, ValueError):
        return None
    return None if kind == "RSA" and key.key_size < RSA_BITS else Key(algorithm, key)
