"""What is shown of nodes that cost money or minutes works as it is written."""

from pathlib import Path

from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, module_name, nodes_in
from nodetool.sdk.testing import Recorder, outputs
from tests.docs.markdown import blocks

PAGE = Path(__file__).resolve().parents[2] / "docs" / "nodes-guide.md"


async def test_the_node_of_the_page_is_kept_and_limited_and_asks_with_its_token(tmp_path: Path) -> None:
    (shown,) = [block for block in blocks(PAGE) if "checkpoint=True" in block.code]
    file = tmp_path / shown.code.splitlines()[0].removeprefix("# ")
    file.write_text(shown.code)
    (cls,) = nodes_in(import_module(module_name(file), str(file)))
    found, recorder = describe(cls), Recorder()

    assert (found.node_type, found.checkpoint, found.timeout) == ("pictures.DescribePicture", True, 120.0)
    sent = await outputs(cls(url="a.png"), recorder)
    assert sent == {"output": [f"What is on a.png, asked with {recorder.idempotency_token}"]}
