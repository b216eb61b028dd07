"""The secrets of users: kept sealed, told to nobody but the runs whose nodes declare them; and params that are secret.

Over the API a secret can be set and removed, and its name is listed. Its value comes out in one place: the frame that
starts a run.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from nodetool.protocol import codec
from nodetool.protocol.errors import Fault, InvalidRequest, NotFound, SecretLost, StorageFailed
from nodetool.protocol.ids import is_secret_name
from nodetool.storage.port import Op, Reader, Refused, Writer
from nodetool.storage.seal import Seal, Unreadable
from nodetool.storage.sealed import DropSecret, ResealParams, ResealSecret, SecretRow, SetSecret

MAX_VALUE = 64 * 1024
"""Bytes of a secret."""

PAGE = 500
"""Rows that are sealed again in one transaction."""

_log = structlog.get_logger()


class Secrets:
    """Secrets of all users. Another user's do not exist for a caller.

    *given* goes before what is stored, whoever asks: a run from the command line takes its secrets from there.
    """

    def __init__(
        self,
        writer: Writer,
        reader: Reader,
        seal: Seal,
        *,
        now_us: Callable[[], int],
        given: Mapping[str, str] | None = None,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seal = seal
        self._now_us = now_us
        self._given = given or {}

    # For people.

    async def list(self, user: str) -> list[SecretRow]:
        """Return the secrets of a user, by name. Their values are sealed."""
        return await self._reader.secrets(user)

    async def set(self, user: str, name: str, value: str) -> int:
        """Store a secret, in the place of one with this name; return the moment. Raises InvalidRequest."""
        if not is_secret_name(name):
            raise _misfit("name", "is letters, digits and underscores, 128 at most, and does not begin with a digit")
        data = value.encode(errors="surrogatepass")
        if not 0 < len(data) <= MAX_VALUE:
            raise _misfit("value", f"has 1 to {MAX_VALUE} bytes")
        now_us = self._now_us()
        op = SetSecret(user=user, name=name, sealed=self._seal.close(data, _about(user, name)), now_us=now_us)
        await self._writer.append([op])
        return now_us

    async def delete(self, user: str, name: str) -> None:
        """Remove a secret. Raises NotFound."""
        (outcome,) = await self._writer.append([DropSecret(user=user, name=name)])
        if isinstance(outcome, Refused):
            raise NotFound("secret", name)

    # For runs.

    def of(self, user: str, names: Iterable[str]) -> dict[str, str | None]:
        """Return those of the secrets that are set; None for one that the keys of this server do not open."""
        found: dict[str, str | None] = {}
        for name in names:
            if name in self._given:
                found[name] = self._given[name]
                continue
            try:
                sealed = self._reader.secret(user, name)
                if sealed is not None:
                    found[name] = self._seal.open(sealed, _about(user, name)).decode(errors="surrogatepass")
            except (StorageFailed, Unreadable, OSError) as error:  # the last is that of a file of keys
                _log.error("secret.unreadable", name=name, error=type(error).__name__)
                found[name] = None
        return found

    def packed(self, job_id: str, params: Mapping[str, Any], secret: Sequence[str]) -> bytes:
        """Return the params of a job as they are stored: those that are *secret* are sealed."""
        if not secret:
            return codec.to_msgpack(params)
        return codec.to_msgpack(
            {name: self._closed(job_id, name, value) if name in secret else value for name, value in params.items()}
        )

    def unpacked(self, job_id: str, data: bytes) -> dict[str, Any]:
        """Return the params of a job. Raises SecretLost."""
        params = codec.value_of(data)
        return {
            name: self._opened(job_id, name, value) if isinstance(value, msgspec.msgpack.Ext) else value
            for name, value in params.items()
        }

    def _closed(self, job_id: str, name: str, value: Any) -> msgspec.msgpack.Ext:
        data = self._seal.close(codec.to_msgpack(value), _about_param(job_id, name))
        return msgspec.msgpack.Ext(codec.SEALED, codec.SEALED_MARK + data)

    def _opened(self, job_id: str, name: str, value: msgspec.msgpack.Ext) -> Any:
        data = bytes(value.data).removeprefix(codec.SEALED_MARK)
        try:
            return codec.value_of(self._seal.open(data, _about_param(job_id, name)))
        except Unreadable as error:
            raise SecretLost(f"the input {name} was sealed with a key that this server does not have") from error

    # For operators.

    async def reseal(self) -> tuple[int, int]:
        """Seal all that is stored again with the first key; return how much was, and how much no key opens."""
        done, lost = await self._append([self._resealed(row) for row in await self._reader.all_secrets()])
        after = 0
        while rows := await self._reader.params_with(after, codec.SEALED_MARK, limit=PAGE):
            after = rows[-1].no
            page = await self._append([self._resealed_params(row.no, row.job_id, row.params) for row in rows])
            done, lost = done + page[0], lost + page[1]
        return done, lost

    async def _append(self, ops: Sequence[Op | None]) -> tuple[int, int]:
        known = [op for op in ops if op is not None]
        if known:
            await self._writer.append(known)
        return len(known), len(ops) - len(known)

    def _resealed(self, row: SecretRow) -> Op | None:
        about = _about(row.user, row.name)
        try:
            after = self._seal.close(self._seal.open(row.sealed, about), about)
        except Unreadable:
            return None
        return ResealSecret(user=row.user, name=row.name, before=row.sealed, after=after)

    def _resealed_params(self, no: int, job_id: str, params: bytes) -> Op | None:
        sealed = [name for name, value in codec.value_of(params).items() if isinstance(value, msgspec.msgpack.Ext)]
        try:
            return ResealParams(no=no, before=params, after=self.packed(job_id, self.unpacked(job_id, params), sealed))
        except SecretLost:
            return None


def _about(user: str, name: str) -> str:
    return f"secret\0{user}\0{name}"


def _about_param(job_id: str, name: str) -> str:
    return f"param\0{job_id}\0{name}"


def _misfit(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {message}", errors=[Fault(field=field, message=message)])
