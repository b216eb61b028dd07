"""``nodetool workflows``: what is stored, and the way in and out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from nodetool.cli import exits, source
from nodetool.cli.options import AsJson, Home, NodeFiles, Prefix, Token, Url, in_loop

Id = Annotated[str, typer.Argument(metavar="ID", help="The id of a workflow.")]
File = Annotated[str, typer.Argument(help="A workflow document or a graph as JSON; - reads it from stdin.")]
NewId = Annotated[str | None, typer.Option("--id", help="Store it under this id; what is there is replaced.")]
AsPython = Annotated[bool, typer.Option("--python", help="Write a program that builds the workflow.")]
Bundle = Annotated[bool, typer.Option("--bundle", help="Put the workflows that it calls into the document.")]
Output = Annotated[Path | None, typer.Option(help="The file to write to, and not stdout.")]


def register(cli: typer.Typer) -> None:
    """Add the commands to a command line."""
    help = "Look at stored workflows, and move them in and out."
    workflows = typer.Typer(no_args_is_help=True, help=help, rich_markup_mode=None)
    workflows.command("list")(list_workflows)
    workflows.command("show")(show_workflow)
    workflows.command("import")(import_workflow)
    workflows.command("export")(export_workflow)
    workflows.command("delete")(delete_workflow)
    cli.add_typer(workflows, name="workflows")


def list_workflows(
    *,
    json: AsJson = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """List the stored workflows, newest first."""
    from nodetool.cli import printing, show, show_workflows
    from nodetool.cli.holder import Where, ask

    columns = () if json else show_workflows.COLUMNS
    found = ask(Where.given(home, url, prefix, token), lambda holder: holder.workflows(*columns))
    if json:
        print(show.as_json({"next": "", "workflows": found}))
    else:
        printing.print_table(show_workflows.HEAD, list(map(show_workflows.row, found)), show_workflows.COLOURS)


def show_workflow(
    id: Id,
    *,
    json: AsJson = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Show a workflow: its inputs and outputs, and what keeps it from running."""
    from nodetool.cli import show, show_workflows
    from nodetool.cli.holder import Where, ask

    found = ask(Where.given(home, url, prefix, token), lambda holder: holder.workflow(id))
    print(show.as_json(found) if json else "\n".join(show_workflows.workflow(found)))


def import_workflow(
    file: File,
    *,
    id: NewId = None,
    nodes: NodeFiles = None,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Store a workflow, and print its id. What keeps it from running is told, and it is stored all the same."""
    if not source.is_file(file):
        raise source.WrongUsage(f"there is no file {file}")
    document = source.document(file, id)
    from nodetool.cli import show, show_workflows
    from nodetool.cli.holder import Where, ask

    where = Where.given(home, url, prefix, token, nodes=nodes)
    saved = show_workflows.shown(ask(where, lambda holder: holder.save(document), makes=True))
    for finding in saved.findings:
        exits.say(show.finding_line(finding))
    print(saved.id)


def export_workflow(
    id: Id,
    *,
    output: Output = None,
    python: AsPython = False,
    bundle: Bundle = False,
    nodes: NodeFiles = None,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Write a workflow as a document that import takes, or as the Python that builds it."""
    from nodetool.cli import show_workflows
    from nodetool.cli.holder import Holder, Where, ask

    where = Where.given(home, url, prefix, token, nodes=nodes)

    async def export(holder: Holder) -> dict[str, Any]:
        found = await holder.workflow(id)
        if not bundle:
            return found
        from nodetool.cli.bundling import bundled

        return {**found, "graph": await bundled(found["graph"], where.config, holder.workflow)}

    found = ask(where, export)
    if python:
        from nodetool.cli import types
        from nodetool.cli.python import program

        text = program(found, in_loop(types.catalogue(where.config)))
    else:
        text = show_workflows.document(found)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


def delete_workflow(
    id: Id,
    *,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Delete a workflow. Its jobs stay."""
    from nodetool.cli.holder import Where, ask

    ask(Where.given(home, url, prefix, token), lambda holder: holder.delete(id))
    print(f"{id}: deleted")
