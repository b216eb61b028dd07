"""The guide to writing nodes: each file on its page is a pack, and the test that it shows passes."""

import asyncio
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, module_name, nodes_in
from nodetool.sdk.testing import Recorder, outputs, run
from tests.docs.markdown import Block, blocks

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "nodes-guide.md"

FILES = {block.code.splitlines()[0].removeprefix("# "): block for block in blocks(PAGE)}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The files of the page, beside each other."""
    for name, block in FILES.items():
        (tmp_path / name).write_text(block.code)
    sys.path.insert(0, str(tmp_path))  # where pytest would look too
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in FILES:
        sys.modules.pop(name.removesuffix(".py"), None)
        sys.modules.pop(module_name(tmp_path / name), None)


def load(folder: Path, name: str) -> Any:
    return import_module(module_name(folder / name), str(folder / name))


def types_of(module: ModuleType) -> list[str]:
    return [describe(cls).node_type for cls in nodes_in(module)]


def test_every_block_is_a_file_of_its_own() -> None:
    assert len(FILES) == len(blocks(PAGE))
    assert all(block.language == "python" and name.endswith(".py") for name, block in FILES.items())


def test_a_whole_pack_has_under_twenty_lines() -> None:
    assert len(lines_of(FILES["words.py"])) < 20


def lines_of(block: Block) -> list[str]:
    return [line for line in block.code.splitlines()[1:] if line]


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("words.py", ["words.Initials", "words.Longest"]),
        ("money.py", ["money.DivideBill", "money.Total"]),
        ("streams.py", ["streams.Lines", "streams.Pair"]),
        ("steps.py", ["steps.Wait"]),
        ("counter.py", ["acme.text.CountLetters"]),
        ("title.py", ["title.Title"]),
        ("complete.py", ["complete.Complete"]),
        ("reverse.py", ["reverse.Reverse"]),
    ],
)
def test_a_file_is_a_pack(folder: Path, name: str, types: list[str]) -> None:
    assert types_of(load(folder, name)) == types


def test_the_tests_of_the_page_pass(folder: Path) -> None:
    shown = load(folder, "test_words.py")
    tests = [value for name, value in vars(shown).items() if name.startswith("test_")]

    for test in tests:
        asyncio.run(test()) if inspect.iscoroutinefunction(test) else test()

    assert len(tests) == 3


def test_the_nodes_of_the_page_do_what_it_says(folder: Path) -> None:
    money, streams, counter = (load(folder, f"{name}.py") for name in ("money", "streams", "counter"))

    assert run(money.divide_bill(amount=100, people=3)) == {"share": 33.33, "rest": 0.01}
    assert run(money.divide_bill(amount=100, people=3, round_to="euro")) == {"share": 33.0, "rest": 1.0}
    assert run(money.total(dynamic={"a": 1, "b": 2.5})) == 3.5
    assert run(streams.lines(text="a\nb")) == ["a", "b"]
    assert run(streams.pair(left=["a", "b"], right=["1"])) == ["a=1", "b="]
    assert run(counter.CountLetters(text="a-b c", ignore="c")) == 2


def test_the_workflow_of_the_page_is_a_document(folder: Path) -> None:
    document = json.loads(load(folder, "letter.py").document)

    assert document["name"] == "Letter"
    assert [one["type"] for one in document["graph"]["nodes"]] == [
        "nodetool.input.StringInput",
        "nodetool.text.FormatText",
        "nodetool.output.StringOutput",
    ]
    assert len(document["graph"]["edges"]) == 2


async def test_a_node_tells_how_far_it_is(folder: Path) -> None:
    ctx = Recorder()

    assert await outputs(load(folder, "steps.py").wait(seconds=2), ctx) == {"output": ["done"]}
    assert ctx.steps == [(0, 2), (1, 2), (2, 2)]
    assert (ctx.chunks, ctx.previews, ctx.notices) == (
        ["0 … ", "1 … "],
        [{"second": 0}, {"second": 1}],
        [("info", "The wait is over")],
    )
