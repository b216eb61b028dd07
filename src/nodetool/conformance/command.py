"""``nodetool conformance URL``."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Annotated

import typer


def register(cli: typer.Typer) -> None:
    """Add the command to a command line."""
    cli.command("conformance")(conformance)


def conformance(
    url: Annotated[str, typer.Argument(help="The server to ask, as http://127.0.0.1:8000.")],
    *,
    token: Annotated[str | None, typer.Option(help="The token to come with.")] = None,
    scale: Annotated[int, typer.Option(min=1, help="How many cuts and joins are tried: tens, times this.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="A row or a column of the table; repeatable.")] = None,
    seed: Annotated[int | None, typer.Option(help="What cuts and joins are drawn from; it is printed.")] = None,
    prefix: Annotated[str, typer.Option(help="What stands before the paths; empty for the worker API.")] = "/api",
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that one answer or stream may take.")] = 60.0,
) -> None:
    """Ask a server whether it keeps the contract of runs and events.

    A table of workflows is run over every transport, and events are cut and joined anywhere. The workflows are removed
    at the end; their jobs stay. The exit code is 0 if everything is kept, 1 if anything is not or nobody is there.
    """
    drawn = random.SystemRandom().randrange(10**9) if seed is None else seed
    kept = asyncio.run(ask(url, token, prefix, scale=scale, seed=drawn, only=only or (), timeout=timeout))
    raise typer.Exit(0 if kept else 1)


async def ask(
    url: str, token: str | None, prefix: str, *, scale: int, seed: int, only: Sequence[str], timeout: float
) -> bool:
    """Ask, show the table while it is filled, and tell whether everything is kept.

    Raises:
        typer.BadParameter: this is no URL, or nothing is called that.
    """
    from rich.console import Console

    from nodetool.client import Client, ClientError
    from nodetool.conformance.server import Server
    from nodetool.conformance.suite import NoSuchName, run
    from nodetool.conformance.table import report, showing

    console, begin = Console(), time.monotonic()
    try:
        async with Client(url, token, prefix=prefix, timeout=timeout) as client:
            server = Server(client, seconds=timeout)
            await server.greet()
            with showing(console) as show:
                board = await run(server, scale=scale, seed=seed, only=only, show=show)
    except ClientError as error:
        typer.echo(f"nodetool: {error}", err=True)
        return False
    except (NoSuchName, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    console.print(report(board, seed=seed, seconds=time.monotonic() - begin))
    return not board.broken
