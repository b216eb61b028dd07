"""``local``: the owner of this machine is the user.

Clients of a desktop send some token or other, so one that is not known counts as none: it is never refused.
"""

from nodetool.auth.identity import USER, Identity
from nodetool.auth.port import Known


class LocalProvider:
    """Everybody who reaches this machine from itself is the user."""

    guest: Identity | None = Identity(user=USER)

    async def who(self, token: str) -> Known | None:  # noqa: ARG002 - it knows none
        return None
