"""The pack for measuring does what its names say."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bench.nodes import BlockingSleep, Busy, Emit, Fail, Gate, Sleep, Steps
from nodetool.sdk import Node
from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, module_name, nodes_in
from nodetool.sdk.testing import Recorder, run

FILE = Path(__file__).parents[2] / "bench" / "nodes.py"


def test_types_are_named_the_same_when_loaded_as_a_file() -> None:
    module = import_module(module_name(FILE), str(FILE))

    assert {describe(cls).node_type: describe(cls).runs for cls in nodes_in(module)} == {
        "bench.nodes.Sleep": "async",
        "bench.nodes.BlockingSleep": "blocking",
        "bench.nodes.Busy": "cpu",
        "bench.nodes.Gate": "async",
        "bench.nodes.Emit": "inline",
        "bench.nodes.Fail": "inline",
        "bench.nodes.Steps": "async",
    }


@pytest.mark.parametrize("cls", [Sleep, BlockingSleep, Busy])
def test_waiting_takes_its_time_and_passes_the_text_on(cls: Any) -> None:
    start = time.monotonic()

    assert run(cls(text="on", seconds=0.05)) == "on"
    assert time.monotonic() - start >= 0.05


@pytest.mark.parametrize("node", [Sleep(seconds=-1), Emit(count=-1), Steps(steps=0)], ids=repr)
def test_less_than_nothing_is_refused(node: Node) -> None:
    with pytest.raises(ValueError, match="Expected"):
        run(node)


def test_a_gate_opens_once_its_file_is_there(tmp_path: Path) -> None:
    path = tmp_path / "open"
    threading.Timer(0.05, path.touch).start()

    assert run(Gate(text="on", path=str(path), seconds=0.01)) == "on"
    assert path.exists()


def test_emit_streams_texts() -> None:
    assert run(Emit(text="t", count=3)) == ["t 0", "t 1", "t 2"]
    assert run(Emit(count=0)) == []


def test_fail_raises_its_message() -> None:
    with pytest.raises(ValueError, match="as I said"):
        run(Fail(message="as I said"))


def test_steps_report_each_step() -> None:
    ctx = Recorder()

    assert run(Steps(text="on", steps=3, seconds=0), ctx) == "on"
    assert ctx.steps == [(1, 3), (2, 3), (3, 3)]
