"""``nodetool secrets``: keep secrets for nodes in a home."""

from typing import Annotated

import typer

from nodetool.auth.identity import USER
from nodetool.cli import exits
from nodetool.cli.exits import Exit
from nodetool.cli.options import Home, in_loop, read_config

Name = Annotated[str, typer.Argument(help="The name that nodes ask for, as OPENAI_API_KEY.")]
User = Annotated[str, typer.Option(help="Whose secret it is.")]

secrets_cli = typer.Typer(no_args_is_help=True, help="Keep secrets for nodes in a home.", rich_markup_mode=None)


def register(cli: typer.Typer) -> None:
    """Add the commands to a command line."""
    cli.add_typer(secrets_cli, name="secrets")


@secrets_cli.command("set")
def set_secret(
    name: Name,
    value: Annotated[str | None, typer.Option(help="The value; others on this machine see it for a moment.")] = None,
    user: User = USER,
    home: Home = None,
) -> None:
    """Set a secret. Its value is asked for, or read from stdin."""
    config = read_config(home=home)
    from nodetool.cli import vault

    if value is None:
        value = vault.read_value(lambda: str(typer.prompt(name, hide_input=True, err=True)))
    in_loop(vault.store(config, user, name, value))


@secrets_cli.command("list")
def list_secrets(user: User = USER, home: Home = None) -> None:
    """List the names of the secrets that are set, and since when."""
    config = read_config(home=home)
    from nodetool.cli import show, vault

    print("\n".join(show.table(vault.lines(in_loop(vault.names(config, user))))))


@secrets_cli.command()
def delete(name: Name, user: User = USER, home: Home = None) -> None:
    """Remove a secret."""
    config = read_config(home=home)
    from nodetool.cli import vault

    in_loop(vault.remove(config, user, name))


@secrets_cli.command()
def rotate(home: Home = None) -> None:
    """Seal everything again with a new key, or with the first one in SECRETS_MASTER_KEY."""
    config = read_config(home=home)
    from nodetool.cli import vault

    done, lost = in_loop(vault.rotate(config))
    print(f"{done} sealed again")
    if lost:
        exits.say(f"no key opens {lost} of them: they stay as they are, and so do the keys")
        raise typer.Exit(Exit.FAILED)
