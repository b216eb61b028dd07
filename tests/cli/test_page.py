"""The page of node types: it is made, and it is not stale."""

from pathlib import Path

from nodetool.cli.page import node_page
from nodetool.protocol.descriptions import NodeDescription
from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, modules_of, nodes_in
from tests.cli.command import nodetool


def library() -> list[NodeDescription]:
    return [describe(cls) for name in modules_of("nodetool.nodes") for cls in nodes_in(import_module(name))]


def as_in_the_index(kinds: list[NodeDescription]) -> list[NodeDescription]:
    """Defaults as the server knows them: bytes are text in JSON."""
    import msgspec

    return msgspec.json.decode(msgspec.json.encode(kinds), type=list[NodeDescription])


def test_the_page_is_what_the_command_prints(root: Path) -> None:
    page = "\n".join(node_page(as_in_the_index(library()))) + "\n"

    assert (root / "docs" / "nodes.md").read_text() == page, "run: nodetool nodes list --markdown > docs/nodes.md"


def test_every_row_has_its_cells() -> None:
    rows = [line for line in node_page(library()) if line.startswith("| `")]

    assert len(rows) == len(library())
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def test_the_command_prints_it(home: Path) -> None:
    printed = nodetool("nodes", "list", "--markdown", home=home).out

    assert '| `Concat` | Concatenate Text | inline | `a: str = ""`<br>`b: str = ""` | `output: str` |' in printed
