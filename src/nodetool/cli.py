"""The command line: reads settings, and hands over."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nodetool.config import Config
from nodetool.protocol.errors import NodetoolError

cli = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command; an error of ours is one sentence on stderr and exit code 1."""
    try:
        cli()
    except NodetoolError as error:
        print(f"nodetool: {error.detail}", file=sys.stderr)
        raise SystemExit(1) from None


@cli.callback()
def about() -> None:
    """Store workflows, and let any application run them."""


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen [127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port [8000].")] = None,
    home: Annotated[Path | None, typer.Option(help="The folder for all that is written [~/.nodetool].")] = None,
    nodes: Annotated[list[str] | None, typer.Option(help="A file with nodes of your own; repeatable.")] = None,
    runners: Annotated[int | None, typer.Option(help="Cores for runs; 0 runs in the server's process.")] = None,
    sync: Annotated[str | None, typer.Option(help="full: survives a power cut; normal: faster [full].")] = None,
    port_search: Annotated[bool, typer.Option(help="If the port is taken, take the next free one.")] = False,
) -> None:
    """Serve the Editor API on this machine."""
    given = {"host": host, "port": port, "home": home, "nodes": nodes or None, "runners": runners, "sync": sync}
    config = Config.read(os.environ, given)
    _serve(config, port_search=port_search)


def _serve(config: Config, *, port_search: bool) -> None:
    from nodetool import app

    sock = app.bind(config.host, config.port, search=port_search)

    async def ready(_: app.Rooms) -> None:
        host, port = sock.getsockname()[:2]
        print(f"nodetool serves http://{host}:{port}", flush=True)

    _run(app.serve(config, sock, ready=ready))


def _run(work: Any) -> None:
    try:
        import uvloop

        uvloop.run(work)
    except ImportError:
        asyncio.run(work)
