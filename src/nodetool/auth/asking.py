"""Who is asking, for the whole server: tokens that users made, and the provider behind them."""

from collections.abc import Callable
from hashlib import sha256

from nodetool.auth.cache import Cache
from nodetool.auth.identity import Identity
from nodetool.auth.port import Known, Provider
from nodetool.auth.tokens import PREFIX, Tokens

LONGEST = 16 * 1024
"""Characters of a token that is looked at."""


class Asking:
    """Finds the user behind a token, most of the time in memory. *now* is a clock that only goes forward."""

    def __init__(self, provider: Provider, tokens: Tokens, *, now: Callable[[], float], size: int = 2000) -> None:
        self._provider = provider
        self._tokens = tokens
        self._now = now
        self._cache = Cache(size)
        tokens.on_revoked = self._cache.drop

    @property
    def guest(self) -> Identity | None:
        """Who asks without a token; None if nobody may."""
        return self._provider.guest

    async def who(self, token: str) -> Identity | None:
        """Return whose token this is, None if it is nobody's. Raises AuthUnavailable."""
        if not token or len(token) > LONGEST:
            return None
        key = sha256(token.encode("utf-8", "surrogatepass")).digest()
        identity = self._cache.get(key, self._now())
        if identity is not None:
            return identity
        known = await self._known(token, key)
        if known is None:
            return None
        if known.seconds > 0:
            self._cache.put(key, known.identity, self._now() + known.seconds)
        return known.identity

    async def _known(self, token: str, key: bytes) -> Known | None:
        found = await self._tokens.find(key) if token.startswith(PREFIX) else None
        return found or await self._provider.who(token)
