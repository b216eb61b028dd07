"""``nodetool deploy``: put a workflow on a server that is elsewhere."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nodetool.auth.identity import USER
from nodetool.cli import exits, source
from nodetool.cli.bundling import bundled, stored_by
from nodetool.cli.exits import Exit
from nodetool.cli.options import Home, in_loop, read_config
from nodetool.config import Config


def register(cli: typer.Typer) -> None:
    """Add the command to a command line."""
    cli.command("deploy")(deploy)


def deploy(
    url: Annotated[str, typer.Argument(help="The server, as https://worker.example.org.")],
    workflow: Annotated[str, typer.Argument(help="A file with a workflow or a graph, or the id of a stored one.")],
    *,
    token: Annotated[str | None, typer.Option(envvar="NODETOOL_TOKEN", help="The token to come with.")] = None,
    id: Annotated[str | None, typer.Option(help="Its id there [its own, or the name of the file].")] = None,
    prefix: Annotated[str, typer.Option(help="What stands before the paths: /api for the editor API.")] = "",
    home: Home = None,
) -> None:
    """Store a workflow on a worker, or put it in the place of the one that has its id there.

    The exit code is 3 if it was stored and cannot run; what is in its way is printed.
    """
    is_file = source.is_file(workflow)
    found = source.document(workflow, None) if is_file else in_loop(stored(read_config(home=home), workflow))
    saved = in_loop(push(url, token, prefix, {**found, "id": id or found.get("id") or named(workflow)}))
    for finding in saved["findings"]:
        print(f"{finding['node_id']}: {finding['message']}")
    print(f"deployed {saved['id']} ({saved['name']}) to {url}")
    raise typer.Exit(Exit.REFUSED if saved["findings"] else Exit.OK)


def named(text: str) -> str:
    return "workflow" if text == source.STDIN else Path(text).stem


async def stored(config: Config, id: str) -> dict[str, Any]:
    """Return the document of a workflow that the home has, with the workflows that it calls. Raises NotFound."""
    from nodetool.cli.homes import open_home

    async with open_home(config) as (_, reader):
        find = stored_by(reader, USER)
        document = await find(id)
        graph = await bundled(document["graph"], config, find)
    return {**document, "graph": graph, "id": id}


async def push(url: str, token: str | None, prefix: str, document: dict[str, Any]) -> dict[str, Any]:
    """Store a document, and return what the server says of it."""
    from nodetool.client import Client, ClientError, Refused

    try:
        async with Client(url, token, prefix=prefix) as client:
            return await client.save(document)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    except ClientError as error:
        exits.say(str(error))
        is_refused = isinstance(error, Refused) and error.status in (400, 422)
        raise typer.Exit(Exit.REFUSED if is_refused else Exit.FAILED) from error
