"""The guide for authors of nodes: each piece of code on it is a file of nodes that the server takes."""

from pathlib import Path

import pytest

from nodetool.runner.describe import index
from tests.docs.markdown import Block, blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "nodes-guide.md"


@pytest.mark.parametrize("block", blocks(PAGE), ids=lambda block: block.name)
def test_a_block_is_a_file_of_nodes(block: Block, tmp_path: Path) -> None:
    file = tmp_path / f"guide_{block.line}.py"
    file.write_text(block.code)

    pack = index([str(file)]).packs[-1]

    assert (pack.error, len(pack.nodes) > 0) == (None, True)
