"""``nodetool token``: the tokens of a home, also while a server runs on it."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from nodetool.auth.identity import USER
from nodetool.cli.options import AsJson, Home, in_loop, read_config
from nodetool.cli.source import WrongUsage
from nodetool.config import Config

if TYPE_CHECKING:
    from nodetool.auth.tokens import Tokens, Wanted
    from nodetool.storage.port import TokenRow

User = Annotated[str, typer.Option(help="Whose token it is; with one user there is only 1.")]

tokens_cli = typer.Typer(no_args_is_help=True, help="Make, list and revoke tokens.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to a command line."""
    cli.add_typer(tokens_cli, name="token")


@tokens_cli.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    scope: Annotated[list[str] | None, typer.Option(help="run, read, write or admin; repeatable [run, read].")] = None,
    workflow: Annotated[str | None, typer.Option(help="The id of the one workflow that it is for.")] = None,
    days: Annotated[float | None, typer.Option(min=0.001, max=36500, help="Days until it ends [never].")] = None,
    user: User = USER,
    home: Home = None,
    json: AsJson = False,
) -> None:
    """Make a token and print it. It is shown this once."""
    from msgspec.structs import asdict

    from nodetool.auth.tokens import Wanted, shown
    from nodetool.cli import show
    from nodetool.protocol.answers import NewToken
    from nodetool.protocol.times import microseconds

    ends = None if days is None else microseconds(datetime.now(UTC) + timedelta(days=days))
    wanted = Wanted(name=name, scopes=scope or ("run", "read"), workflow_id=workflow, expires_us=ends)
    token, row = in_loop(_create(read_config(home=home), user, wanted))
    print(show.as_json(NewToken(**asdict(shown(row)), token=token)) if json else token)


@tokens_cli.command("list")
def list_tokens(user: User = USER, home: Home = None, json: AsJson = False) -> None:
    """List the tokens, newest first."""
    from nodetool.auth.tokens import shown
    from nodetool.cli import show
    from nodetool.protocol.answers import TokenList

    rows = [shown(row) for row in in_loop(_all(read_config(home=home), user))]
    if json:
        print(show.as_json(TokenList(next="", tokens=rows)))
        return
    lines: list[tuple[str, ...]] = [("ID", "BEGINS", "NAME", "SCOPES", "WORKFLOW", "ENDS", "LAST USE")]
    for row in rows:
        scopes = ",".join(row.scopes)
        ends, used = row.expires_at or "never", row.last_used_at or "never"
        lines.append((row.id, row.prefix, row.name, scopes, row.workflow_id or "all", ends, used))
    print("\n".join(show.table(lines)))


@tokens_cli.command()
def revoke(
    token: Annotated[str, typer.Argument(help="Its id, or how it begins.")], user: User = USER, home: Home = None
) -> None:
    """Delete a token. It stops working within a second, also on a server that runs."""
    row = in_loop(_revoke(read_config(home=home), user, token))
    print(f"revoked {row.prefix} ({row.name})")


@asynccontextmanager
async def tokens_of(config: Config) -> AsyncIterator["Tokens"]:
    """Open the tokens of a home for the length of the block."""
    from nodetool.auth.tokens import Tokens
    from nodetool.cli.homes import open_home

    async with open_home(config) as (writer, reader):
        yield Tokens(writer, reader, now_us=lambda: time.time_ns() // 1000)


async def _create(config: Config, user: str, wanted: "Wanted") -> tuple[str, "TokenRow"]:
    async with tokens_of(config) as tokens:
        return await tokens.create(user, wanted)


async def _all(config: Config, user: str) -> Sequence["TokenRow"]:
    async with tokens_of(config) as tokens:
        return await tokens.all(user)


async def _revoke(config: Config, user: str, token: str) -> "TokenRow":
    async with tokens_of(config) as tokens:
        meant = [row.id for row in await tokens.all(user) if token in (row.id, row.prefix)]
        if len(meant) > 1:
            raise WrongUsage(f"{len(meant)} tokens begin with {token}: name one by its id")
        return await tokens.revoke(user, meant[0] if meant else token)
