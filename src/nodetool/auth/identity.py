"""Who is asking, and what they may do."""

from typing import Literal, get_args

import msgspec

USER = "1"
"""The one user of a server that knows no others, and of the command line."""

Scope = Literal["run", "read", "write", "admin"]
"""``run`` runs workflows and looks after their jobs, ``read`` looks, ``write`` saves and deletes workflows; ``admin``
does all that, and makes tokens."""

SCOPES: frozenset[str] = frozenset(get_args(Scope))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A user, and how much of what the user may do this caller may."""

    user: str
    scopes: frozenset[str] = SCOPES
    workflow_id: str | None = None
    """The one workflow that the caller may know of; None for all of the user's."""
    token: str = ""
    """What a log line shows of the token: how it begins, or what kind it is."""

    def may(self, any_of: frozenset[str]) -> bool:
        """Tell whether the caller has one of these scopes. ``admin`` holds all."""
        return "admin" in self.scopes or not self.scopes.isdisjoint(any_of)


NOBODY = Identity(user="", scopes=frozenset())
"""Who asks for what is public, without a token, where tokens are asked for."""
