"""``none``: there is one user, and tokens mean nothing."""

from nodetool.auth.identity import USER, Identity
from nodetool.auth.port import Known


class NoProvider:
    """Everybody is the user. For one machine only."""

    guest: Identity | None = Identity(user=USER)

    async def who(self, token: str) -> Known | None:  # noqa: ARG002 - it knows none
        return None
