"""What several commands have in common: their options, and how they read settings and begin."""

import asyncio
import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from nodetool.config import PRIVATE, Config, variables

T = TypeVar("T")

Home = Annotated[Path | None, typer.Option(help="The folder for all that is written [~/.nodetool].")]
NodeFiles = Annotated[list[str] | None, typer.Option("--nodes", help="A file with nodes of your own; repeatable.")]
Url = Annotated[str | None, typer.Option(help="Ask the server there, and not that of the home [NODETOOL_URL].")]
Token = Annotated[str | None, typer.Option(help="The token to come with [NODETOOL_TOKEN].")]
Prefix = Annotated[str, typer.Option(help="What stands before the paths of --url; empty for a worker.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as the API answers it.")]


def read_config(defaults: Mapping[str, Any] | None = None, **given: Any) -> Config:
    config = Config.read(os.environ, {name: value for name, value in given.items() if value != []}, defaults)
    for variable in (variable for name in PRIVATE for variable in variables(name)):
        os.environ.pop(variable, None)  # runners, and what nodes start, would find it there
    return config


def in_loop(work: Coroutine[Any, Any, T]) -> T:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.run(work)
    return uvloop.run(work)
