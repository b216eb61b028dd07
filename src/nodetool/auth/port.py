"""What stands behind a provider: none.py, local.py, static.py and supabase.py, a file each; and tokens.py."""

from typing import Protocol

import msgspec

from nodetool.auth.identity import Identity


class Known(msgspec.Struct, frozen=True):
    """Whom a token belongs to, and how long that may be taken for granted."""

    identity: Identity
    seconds: float
    """From now on. 0: it is to be asked every time."""


class Provider(Protocol):
    """Tells who is asking."""

    @property
    def guest(self) -> Identity | None:
        """Who asks without a token; None if nobody may."""
        ...

    async def who(self, token: str) -> Known | None:
        """Return whose token this is, None if it is nobody's.

        Raises:
            AuthUnavailable: that cannot be told now.
        """
        ...
