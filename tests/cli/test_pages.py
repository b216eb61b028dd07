"""The manual of the command line, the settings and the README: they say what is, and their code runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodetool.cli.exits import Exit
from nodetool.config import Config, variable
from nodetool.protocol.descriptions import RUNS
from tests.cli.command import nodetool
from tests.cli.quick import Quick
from tests.docs.markdown import Block, blocks, table
from tests.docs.scripts import Printed, run, run_bash, run_javascript
from tests.serving import Served, serving

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = ROOT / "docs" / "settings.md"
MANUAL = ROOT / "docs" / "cli.md"
CODE = [*blocks(ROOT / "README.md"), *blocks(MANUAL)]

COMMANDS = [
    "serve",
    "worker",
    "deploy",
    "token create",
    "token list",
    "token revoke",
    "run",
    "validate",
    "nodes list",
    "nodes show",
    "nodes packs",
    "nodes new",
    *(f"jobs {command}" for command in ("list", "show", "logs", "profile", "cancel", "retry", "prune")),
    *(f"workflows {command}" for command in ("list", "show", "import", "export", "delete")),
    "secrets set",
    "secrets list",
    "secrets delete",
    "secrets rotate",
    "conformance",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("pages") / "home", "--examples") as served:
        yield served


def test_every_setting_is_in_the_manual_with_its_default() -> None:
    rows = {row[1].strip("`"): row[2].strip("`") for row in table(SETTINGS, "Settings")}

    assert rows == {variable(name): spelled(getattr(Config(), name)) for name in Config.__struct_fields__}


def spelled(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default in (None, ()) else str(default)


def test_every_option_of_serve_is_in_the_manual(home: Path) -> None:
    options = set(re.findall(r"^ +(--[a-z-]+)", nodetool("serve", "--help", home=home).out, re.MULTILINE))
    rows = {row[0].strip("`") for row in table(SETTINGS, "Settings") if row[0]}

    assert options - {"--help"} == rows | {"--examples", "--port-search", "--reload"}


def test_every_command_is_in_the_manual(quick: Quick, home: Path) -> None:
    rows = [row[0].strip("`") for row in table(MANUAL, "Command line")]
    groups = {command.split()[0] for command in COMMANDS if " " in command}
    listed = [
        f"{group} {command}".strip()
        for group in ("", *groups)
        for command in commands_in(quick.run(*group.split(), "--help", home=home).out)
    ]

    assert rows == [f"nodetool {command}" for command in COMMANDS]
    assert set(listed) == {*COMMANDS, *groups}


def commands_in(help: str) -> list[str]:
    return re.findall(r"^  ([a-z]+)  ", help.partition("Commands:")[2], re.MULTILINE)


@pytest.mark.parametrize(
    "command", [command for command in COMMANDS if command not in ("serve", "worker", "conformance")]
)
def test_every_option_of_a_command_is_in_the_manual(command: str, quick: Quick, home: Path) -> None:
    options = set(re.findall(r"^ +(--[a-z-]+)", quick.run(*command.split(), "--help", home=home).out, re.MULTILINE))

    assert {option for option in options if option not in MANUAL.read_text()} == set()


def test_the_exit_codes_are_in_the_manual() -> None:
    assert [int(row[0]) for row in table(MANUAL, "Exit codes")] == [code.value for code in Exit]


def test_the_classes_of_nodes_are_in_the_manual() -> None:
    assert [row[0].strip("`") for row in table(MANUAL, "The class of a node")] == list(RUNS)


@pytest.mark.parametrize("block", CODE, ids=lambda block: f"{block.language} {block.line}")
def test_a_block_of_code_does_what_the_page_says(
    block: Block, served: Served, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    code = block.code.replace(":8000", f":{served.port}")

    printed = executed(block.language, code, request, tmp_path)

    assert printed.code == 0, printed.err
    if block.printed:
        assert printed.out == block.printed.code
    else:
        assert "elements melt above" in printed.out


def executed(language: str, code: str, request: pytest.FixtureRequest, folder: Path) -> Printed:
    if language == "javascript":
        return run_javascript(request.getfixturevalue("node"), code, folder)
    if not code.startswith("nodetool "):
        return run_bash(code, folder)
    path = f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin"
    return run("bash", "-euo", "pipefail", "-c", code, cwd=ROOT, PATH=path, NODETOOL_HOME=str(folder / "home"))
