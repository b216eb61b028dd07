"""A new pack of nodes, as ``nodetool nodes new`` writes it: its tests pass as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from string import Template

from nodetool.cli.source import WrongUsage

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

PROJECT = Template("""\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$name"
version = "0.1.0"
description = "Nodes for nodetool."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["nodetool"]

# The server finds the nodes by this: the value is the module, or the package of modules, that holds them.
[project.entry-points."nodetool.nodes"]
$name = "$module"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]
""")

README = Template("""\
# $name

Nodes for nodetool.

    pip install -e .
    pytest
    nodetool nodes list
""")

NODES = Template('''\
"""The nodes of $name."""

from typing import Annotated

from nodetool.sdk import BadInput, Meta, node


@node(runs="inline")
def repeat(text: str = "", times: Annotated[int, Meta(ge=1, le=100, description="How often.")] = 2) -> str:
    """Repeat a text, with a space between.
    text, repeat, echo

    Use cases:
    - Make a text longer
    - Try a workflow out
    - Have a node to begin with
    """
    if not text:
        raise BadInput("text", "must not be empty")
    return " ".join([text] * times)
''')

TEST = Template('''\
"""What the nodes do: each runs here as in a workflow."""

import pytest
from nodetool.sdk.testing import run

from $module import repeat


def test_repeats_a_text() -> None:
    assert run(repeat(text="ha", times=3)) == "ha ha ha"


def test_names_the_input_that_is_wrong() -> None:
    with pytest.raises(ValueError, match="text: must not be empty"):
        run(repeat(text=""))


def test_has_limits() -> None:
    with pytest.raises(ValueError, match="times: Expected `int` <= 100"):
        run(repeat(text="ha", times=101))
''')


def files(name: str) -> dict[str, str]:
    """Return what a pack is made of, by path. Raises WrongUsage."""
    if not NAME.fullmatch(name):
        raise WrongUsage(f"a pack cannot be called {name!r}: it takes small letters, digits and dashes")
    module = name.replace("-", "_")
    made = {
        "pyproject.toml": PROJECT,
        "README.md": README,
        f"src/{module}/__init__.py": NODES,
        f"tests/test_{module}.py": TEST,
    }
    return {path: text.substitute(name=name, module=module) for path, text in made.items()}


def write(name: str, folder: Path) -> Iterator[Path]:
    """Write a pack into *folder*, which must not be there yet, and yield each file. Raises WrongUsage."""
    made = files(name)
    if folder.exists():
        raise WrongUsage(f"{folder} is there already")
    for path, text in made.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        yield file
