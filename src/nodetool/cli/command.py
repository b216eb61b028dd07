"""The commands and their options. What a command does is imported when it is given, so ``--help`` comes at once."""

import gc
import os
import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from nodetool import __version__
from nodetool.cli import deploy, exits, jobs, secrets, source, tokens, workflows
from nodetool.cli.exits import Exit
from nodetool.cli.options import Home, NodeFiles, in_loop, read_config
from nodetool.config import WORKER, variable
from nodetool.conformance import command as conformance
from nodetool.protocol.errors import NodetoolError

if TYPE_CHECKING:
    from nodetool.protocol.answers import JobProfile

# Help is plain text: rich would take longer to import than all else that help needs.
cli = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
nodes_cli = typer.Typer(no_args_is_help=True, help="Look at the node types that there are.", rich_markup_mode=None)
cli.add_typer(nodes_cli, name="nodes")
jobs.register(cli)
workflows.register(cli)
deploy.register(cli)
tokens.register(cli)
secrets.register(cli)
conformance.register(cli)

Workflow = Annotated[str, typer.Argument(help="A workflow document or a graph as JSON; - reads it from stdin.")]


def main() -> NoReturn:
    """Run the command that is given; an error of ours is one sentence on stderr, and an exit code."""
    # Much of what is imported stays: the collector would look at all of it again and again.
    gc.set_threshold(50_000, 20, 100)
    sys.stdout = exits.whole(sys.stdout)
    try:
        cli(prog_name="nodetool")
    except SystemExit as done:
        exits.leave(done.code)
    except NodetoolError as error:
        exits.say(exits.sentence(error))
        exits.leave(exits.exit_of(error))
    except OSError as error:
        exits.say(exits.of_system(error))
        exits.leave(Exit.FAILED)
    raise AssertionError


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"nodetool {__version__}")
        raise typer.Exit


@cli.callback()
def about(
    _: Annotated[bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Store workflows, and let any application run them.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the workflow or its params are refused, 130 cancelled.
    """


@cli.command()
@cli.command("worker", help="Serve the Worker API to a network: whoever calls needs a token.")
def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, typer.Option(help="Where to listen [127.0.0.1; worker: 0.0.0.0].")] = None,
    port: Annotated[int | None, typer.Option(help="0 takes any free port [8000].")] = None,
    home: Home = None,
    nodes: NodeFiles = None,
    runners: Annotated[int | None, typer.Option(help="Cores for runs; 0 runs all in the server's process.")] = None,
    sync: Annotated[str | None, typer.Option(help="full: survives a power cut; normal: is faster [full].")] = None,
    auth_provider: Annotated[
        str | None, typer.Option(help="none, local, static or supabase [local; worker: static].")
    ] = None,
    allow_origin: Annotated[list[str] | None, typer.Option(help="A further origin of pages; repeatable.")] = None,
    allow_host: Annotated[list[str] | None, typer.Option(help="A further name of this server; repeatable.")] = None,
    allow_graphs: Annotated[bool, typer.Option("--allow-graphs", help="Run graphs that are sent along.")] = False,
    trust_proxy: Annotated[list[str] | None, typer.Option(help="The address of a proxy of yours; repeatable.")] = None,
    insecure: Annotated[bool, typer.Option("--insecure", help="Listen beyond this machine without tokens.")] = False,
    allow_nodes: Annotated[
        list[str] | None, typer.Option(help="On the worker: a type that may touch the machine; repeatable.")
    ] = None,
    allow_private_hosts: Annotated[list[str] | None, typer.Option(help="An address for nodes; repeatable.")] = None,
    user_rate: Annotated[float | None, typer.Option(help="Requests a second of a user [0; worker: 50].")] = None,
    address_rate: Annotated[float | None, typer.Option(help="And from an address [0; worker: 100].")] = None,
    drain: Annotated[float | None, typer.Option(help="Seconds for runs after a SIGTERM [30].")] = None,
    job_timeout: Annotated[float | None, typer.Option(help="Seconds of an attempt; 0 is no limit [0].")] = None,
    node_timeout: Annotated[float | None, typer.Option(help="Seconds of a node's firing; 0 is no limit [0].")] = None,
    input_timeout: Annotated[float | None, typer.Option(help="Seconds an input may be silent; 0: any [0].")] = None,
    memory_per_runner: Annotated[int | None, typer.Option(help="MiB of a runner; 0 is no limit [0].")] = None,
    max_body: Annotated[int | None, typer.Option(help="Bytes of a request [16777216].")] = None,
    max_nodes: Annotated[int | None, typer.Option(help="Nodes of a graph [20000].")] = None,
    max_edges: Annotated[int | None, typer.Option(help="Edges of a graph [60000].")] = None,
    max_wait: Annotated[float | None, typer.Option(help="Seconds to wait for a run, then 202; 0: its end [0].")] = None,
    retention_days: Annotated[float | None, typer.Option(help="Days to keep ended jobs; 0: for ever [30].")] = None,
    retention_jobs: Annotated[int | None, typer.Option(help="Ended jobs to keep; 0: all [100000].")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error [info].")] = None,
    examples: Annotated[bool, typer.Option("--examples", help="Store the examples that are not there.")] = False,
    port_search: Annotated[bool, typer.Option("--port-search", help="If the port is taken, take the next.")] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Pick up packs of nodes that change, in new runs.")] = False,
) -> None:
    """Serve the Editor API on this machine. Every setting is described in docs/settings.md."""
    is_worker = context.info_name == "worker"
    config = read_config(
        WORKER if is_worker else None,
        host=host,
        port=port,
        home=home,
        nodes=nodes,
        runners=runners,
        sync=sync,
        auth_provider=auth_provider,
        allow_origin=allow_origin,
        allow_host=allow_host,
        allow_graphs=allow_graphs or None,
        trust_proxy=trust_proxy,
        insecure=insecure or None,
        allow_nodes=allow_nodes,
        allow_private_hosts=allow_private_hosts,
        user_rate=user_rate,
        address_rate=address_rate,
        drain=drain,
        job_timeout=job_timeout,
        node_timeout=node_timeout,
        input_timeout=input_timeout,
        memory_per_runner=memory_per_runner,
        max_body=max_body,
        max_nodes=max_nodes,
        max_edges=max_edges,
        max_wait=max_wait,
        retention_days=retention_days,
        retention_jobs=retention_jobs,
        log_level=log_level,
    )
    from nodetool.cli import logs, serving

    logs.set_up(config.log_level)
    surface: Any = "worker" if is_worker else "editor"
    in_loop(serving.serve(config, examples=examples, port_search=port_search, reloads=reload, surface=surface))


@cli.command()
def run(
    *,
    workflow: Annotated[str, typer.Argument(help="A file as for validate, or the id of a stored workflow.")],
    input: Annotated[list[str] | None, typer.Option(help="NAME=VALUE or NAME=@FILE; repeatable.")] = None,
    params_file: Annotated[Path | None, typer.Option(help="A JSON object with params; - reads stdin.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Print each event as a line of JSON.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    profile: Annotated[bool, typer.Option("--profile", help="Show on stderr where the time went, by node.")] = False,
    home: Home = None,
    nodes: NodeFiles = None,
) -> None:
    """Run a workflow in this process, without a server, and print its outputs."""
    # What goes well is not logged, unless that was asked for: the outputs are what is looked for.
    quiet = None if os.environ.get(variable("log_level")) else "warning"
    config = read_config(home=home, nodes=nodes, log_level=quiet)
    params = source.params(input or (), params_file)
    from nodetool.cli import local, logs, progress, show, show_profile

    logs.set_up(config.log_level)
    profiles: list[JobProfile] = []

    async def work() -> dict[str, Any]:
        graph = source.read(workflow).graph if source.is_file(workflow) else await local.stored(config, workflow)
        try:
            with watching as watch:
                look = profiles.append if profile else None
                return await local.run(config, graph, params, watch, look, env=os.environ)
        finally:  # also of a run that failed
            for found in profiles:
                print("\n".join(show_profile.profile(found)), file=sys.stderr)

    out = sys.stdout
    on_terminal = sys.stderr.isatty() and not stream
    watching = progress.on_terminal() if on_terminal else nullcontext(progress.lines(out) if stream else None)
    with redirect_stdout(sys.stderr):  # what nodes print is not what the workflow returns
        result = in_loop(work())
    if not stream:
        print(show.as_json(result) if json else show.outputs(result))


@cli.command()
def validate(workflow: Workflow, home: Home = None, nodes: NodeFiles = None) -> None:
    """Check a workflow without running it, and print its findings."""
    config = read_config(home=home, nodes=nodes)
    if not source.is_file(workflow):
        raise source.WrongUsage(f"there is no file {workflow}")
    given = source.read(workflow)
    from nodetool.cli import show, types
    from nodetool.graph.document import Limits, read_graph
    from nodetool.graph.version import make_version

    graph = read_graph(given.graph, Limits(nodes=config.max_nodes, edges=config.max_edges))
    known = in_loop(types.catalogue(config))
    found = make_version(given.graph, graph, known).findings
    for line in show.findings(found, graph, known):
        print(line)
    print(show.summary(given.name, graph, found))
    raise typer.Exit(Exit.REFUSED if found else Exit.OK)


@nodes_cli.command("list")
def list_nodes(
    json: Annotated[bool, typer.Option("--json", help="Print all that is known of them, as JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a page of documentation.")] = False,
    home: Home = None,
    nodes: NodeFiles = None,
) -> None:
    """List the node types: type, title and class."""
    config = read_config(home=home, nodes=nodes)
    from nodetool.cli import page, show, types
    from nodetool.graph.metadata import metadata

    known = in_loop(types.catalogue(config))
    for pack in known.packs:
        if pack.error:
            exits.say(f"the nodes of {pack.name} are not all there: {pack.error}")
    if json:
        print(show.as_json(metadata(known)))
    else:
        print("\n".join(page.node_page(known) if markdown else show.node_list(known)))


@nodes_cli.command("show")
def show_node(
    type: Annotated[str, typer.Argument(help="The type of a node, as workflows write it.")],
    home: Home = None,
    nodes: NodeFiles = None,
) -> None:
    """Show a node type: its text, inputs and outputs, and how it runs."""
    config = read_config(home=home, nodes=nodes)
    from nodetool.cli import show, types

    known = in_loop(types.catalogue(config))
    found = known.get(type)
    if found is None:
        exits.say(show.unknown(type, known.near(type)))
        raise typer.Exit(Exit.FAILED)
    print("\n".join(show.node(found)))


@nodes_cli.command("packs")
def list_packs(
    json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
    home: Home = None,
    nodes: NodeFiles = None,
) -> None:
    """List the packs of nodes: how many types each has, and what could not be imported."""
    config = read_config(home=home, nodes=nodes)
    from nodetool.cli import show, types
    from nodetool.graph.metadata import packs

    found = packs(in_loop(types.catalogue(config)))
    print(show.as_json(found) if json else "\n".join(show.pack_list(found)))


@nodes_cli.command("new")
def new_pack(
    name: Annotated[str, typer.Argument(help="What the pack is called: small letters, digits and dashes.")],
    folder: Annotated[Path | None, typer.Option(help="Where to write it [a folder of that name, here].")] = None,
) -> None:
    """Write a pack of nodes with a test: a package that can be installed, and published."""
    from nodetool.cli import pack

    place = folder or Path(name)
    for file in pack.write(name, place):
        print(file)
    print(f"\nNow: pip install -e {place} && pytest {place}")
