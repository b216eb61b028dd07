"""Who has the jobs and workflows that a command is about: a server, or a home that no server has."""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeVar

import typer

from nodetool.cli import exits
from nodetool.cli.exits import Exit
from nodetool.cli.options import in_loop, read_config
from nodetool.cli.source import WrongUsage
from nodetool.config import Config, variable
from nodetool.protocol.errors import HomeInUse, NodetoolError
from nodetool.protocol.events import AnyEvent, Status
from nodetool.storage.home import PATIENCE, Address, Home, announced, is_home, take_home

T = TypeVar("T")

Document = dict[str, Any]
"""What the API answers."""


class NoHome(NodetoolError):
    """There is no home."""

    code = "no_home"


class NothingRuns(NodetoolError):
    """No server has this home, so nothing runs: the job waits for the next start."""

    code = "nothing_runs"


class Holder(Protocol):
    """Answers as the API does, and raises errors of ours."""

    @property
    def runs(self) -> bool:
        """What is accepted here runs; else it waits for the next start of a server."""
        ...

    async def jobs(self, *, workflow_id: str | None, status: Status | None, limit: int, cursor: str) -> Document: ...

    async def job(self, id: str) -> Document: ...

    def events(self, id: str, after: int = 0) -> AsyncGenerator[AnyEvent, None]:
        """Yield the events of a job behind *after*, to its end; without runners, to where it was left."""
        ...

    async def profile(self, id: str) -> Document: ...

    async def cancel(self, id: str) -> Document: ...

    async def retry(self, id: str) -> str:
        """Return the id of the new job."""
        ...

    async def prune(self) -> int:
        """Return the number of jobs that were deleted."""
        ...

    async def workflows(self, *columns: str) -> list[Document]: ...

    async def workflow(self, id: str) -> Document: ...

    async def save(self, document: Document) -> Document:
        """Store a workflow, under its ``id`` if it has one."""
        ...

    async def delete(self, id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Where:
    """What a command is told of whom to ask: the URL of a server, else the home of its settings."""

    url: str | None
    prefix: str
    token: str | None
    config: Config

    @classmethod
    def given(cls, home: Path | None, url: str | None, prefix: str, token: str | None, **settings: Any) -> "Where":
        """Read it from options and variables. Raises WrongUsage, InvalidSetting."""
        secret = token or os.environ.get(variable("token")) or None
        return cls(server_named(os.environ, home, url), prefix, secret, read_config(home=home, **settings))


def server_named(env: Mapping[str, str], home: Path | None, url: str | None) -> str | None:
    """Return the URL of the server that is to be asked, if one is named. A home that is goes before the variable.

    Raises:
        WrongUsage: both are named.
    """
    if url and home:
        raise WrongUsage("--url names a server, --home the folder of one: give one of them")
    return url or (None if home else env.get(variable("url"))) or None


def ask(
    where: Where, work: Callable[[Holder], Awaitable[T]], *, makes: bool = False, when_left: str | None = None
) -> T:
    """Do *work* with the holder, and return what it does. At Ctrl-C the command ends; *when_left* is said then.

    *makes*: a home that is not there is made.
    """

    async def asking() -> T:
        async with holding(where, makes=makes) as holder:
            return await work(holder)

    try:
        return in_loop(asking())
    except KeyboardInterrupt:
        if when_left:
            exits.say(when_left)
        raise typer.Exit(Exit.CANCELLED) from None


@asynccontextmanager
async def holding(where: Where, *, makes: bool) -> AsyncIterator[Holder]:
    """Find out who has what a command is about, and let go at the end.

    Raises:
        NoHome, HomeInUse, HomeTooNew: there is nobody to ask.
        WrongUsage: this is no URL.
    """
    named = Address(where.url, 0, where.prefix) if where.url else None
    found = named or await _home_or_address(where.config.folder, makes=makes)
    if isinstance(found, Home):
        from nodetool.cli.resting import at_rest

        async with at_rest(found, where.config) as home:
            yield home
    else:
        from nodetool.cli.remote import on_server

        async with on_server(found.url, where.token, found.prefix) as server:
            yield server


async def _home_or_address(folder: Path, *, makes: bool, seconds: float = PATIENCE) -> Home | Address:
    """Take a home, or return where the server is that has it."""
    if not makes and not is_home(folder):
        raise NoHome(f"there is no home at {folder}: name one with --home, or a server with --url")
    if not announced(folder):
        import_module("nodetool.cli.resting")  # others may wait for the home: they need not wait for this too
    try:
        return await take_home(folder, seconds=seconds)
    except HomeInUse as error:
        hint = "it does not say where it listens, so name it with --url, or try again"
        raise HomeInUse(f"{error.detail.rstrip('.')}; {hint}") from error
