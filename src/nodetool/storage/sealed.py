"""Changes and rows of what is stored encrypted. Nothing here knows a key."""

import msgspec


class SetSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Store a secret of a user, in the place of one with this name."""

    user: str
    name: str
    sealed: bytes
    now_us: int


class DropSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a secret. Refused with ``missing``."""

    user: str
    name: str


class ResealSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Put the same value, sealed with another key, in its place. Refused with ``stale`` if it was changed meanwhile."""

    user: str
    name: str
    before: bytes
    after: bytes


class ResealParams(msgspec.Struct, frozen=True, kw_only=True):
    """The same for the params of a job."""

    no: int
    before: bytes
    after: bytes


class SecretRow(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as it is stored."""

    user: str
    name: str
    sealed: bytes
    updated_us: int


class ParamsRow(msgspec.Struct, frozen=True, kw_only=True):
    """The params of a job that hold something sealed."""

    no: int
    job_id: str
    params: bytes
