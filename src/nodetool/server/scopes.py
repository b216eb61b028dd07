"""What a token must allow for what is asked."""

from nodetool.auth.identity import Identity, Scope
from nodetool.protocol.commands import AnyCommand, CancelJob, EndInputStream, RunJob, StreamInput
from nodetool.protocol.errors import Forbidden

Needs = frozenset[Scope]
"""Scopes of which a token must have one."""

RUN: Needs = frozenset({"run"})
READ: Needs = frozenset({"read"})
LOOK: Needs = frozenset({"run", "read"})
WRITE: Needs = frozenset({"write"})
ADMIN: Needs = frozenset({"admin"})

CHANGING = (RunJob, CancelJob, StreamInput, EndInputStream)


def needs_of(command: AnyCommand) -> Needs:
    """Return what a command of the socket needs."""
    return RUN if isinstance(command, CHANGING) else LOOK


def check(identity: Identity, needs: Needs) -> None:
    """Raise Forbidden if a token does not allow what needs one of these scopes."""
    if not identity.may(needs):
        raise Forbidden(f"the token does not allow this: it needs the scope {' or '.join(sorted(needs))}")
