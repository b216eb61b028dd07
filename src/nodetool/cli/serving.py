"""Serve a home, and say where."""

import asyncio
import errno
import importlib.util
import socket
from functools import partial

from rich.console import Console
from rich.text import Text

from nodetool import __version__, app
from nodetool.auth.deployment import StaticToken
from nodetool.cli.examples import store_examples
from nodetool.cli.source import WrongUsage
from nodetool.config import Config
from nodetool.protocol.errors import MissingExtra, NodetoolError
from nodetool.server.listener import bind, url_of
from nodetool.server.options import Surface

EXAMPLE = """-X POST {url}{prefix}/workflows/csv-report/run -H "Content-Type: application/json" \
-d '{{"params": {{"melts_above": 2000}}}}'"""


class CannotListen(NodetoolError):
    """The server cannot listen there."""

    code = "cannot_listen"


async def serve(
    config: Config, *, examples: bool, port_search: bool, reloads: bool = False, surface: Surface = "editor"
) -> None:
    """Serve until a signal ends it. Raises CannotListen, WrongUsage, MissingExtra, and as ``app.serve`` does."""
    if reloads:
        check_reload(config)
    sock = listen(config, search=port_search)

    async def ready(rooms: app.Rooms, token: StaticToken | None) -> None:
        if examples:
            await store_examples(rooms)
        # A turn of the loop later, when requests are answered: what is printed may be pasted at once.
        say = partial(greet, url_of(sock), config, examples=examples, surface=surface, token=token)
        asyncio.get_running_loop().call_soon(say)

    with sock:
        await app.serve(config, sock, ready=ready, surface=surface, reloads=reloads)


def check_reload(config: Config) -> None:
    """Raise WrongUsage, MissingExtra if nodes cannot be reloaded here."""
    if config.runners == 0:
        raise WrongUsage("--reload needs runners of their own: with --runners 0 nodes are imported once")
    if importlib.util.find_spec("watchfiles") is None:
        raise MissingExtra("--reload needs: pip install 'nodetool[reload]'")


def listen(config: Config, *, search: bool) -> socket.socket:
    """Return the socket to listen on. Raises CannotListen."""
    try:
        return bind(config.host, config.port, search=search)
    except OSError as error:
        raise CannotListen(_reason(error, config)) from error


def _reason(error: OSError, config: Config) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {config.port} is taken: name another with --port, or let --port-search find one"
    return f"cannot listen on {config.host}, port {config.port}: {error.strerror or error}"


def greet(url: str, config: Config, *, examples: bool, surface: Surface, token: StaticToken | None) -> None:
    """Print where the server is, and a line to paste."""
    console = Console(soft_wrap=True, highlight=False)
    prefix = "/api" if surface == "editor" else ""
    rows = {
        "page": Text(f"{url}/", "cyan"),
        "API": Text(f"{url}{prefix}/workflows/", "cyan"),
        "description": Text(f"{url}/openapi.json", "cyan"),
        "home": Text(str(config.folder)),
    }
    if token:
        rows["token"] = Text(token.token, "yellow") if token.is_new else Text(f"the one of {token.place}")
    console.print(Text.assemble((f"nodetool {__version__}", "bold"), " is ready."))
    for label, value in rows.items():
        console.print(Text.assemble(f"  {label:<13}", value))
    if token and token.is_new:
        console.print(f"\nThe token is shown this once; it is kept in {token.place}, for you alone.", markup=False)
    console.print("\nRun a workflow:" if examples else "\nList the workflows:")
    header = "" if config.asks_nobody else '-H "Authorization: Bearer $TOKEN" '
    line = header + (EXAMPLE.format(url=url, prefix=prefix) if examples else f"{url}{prefix}/workflows/")
    console.print(Text(f"  curl {line}", "green"))
    console.print("\nCtrl-C ends the server.")
