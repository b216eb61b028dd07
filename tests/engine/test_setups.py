"""What node types keep loaded between runs."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from nodetool.engine.setups import Setups
from nodetool.sdk import Node
from nodetool.sdk.describe import BadNode, describe
from nodetool.sdk.testing import outputs
from tests.engine.harness import Player, Told, node

OUT = node("out", "nodetool.output.Output", name="out")


class Model(Node):
    """Keeps something."""

    type_name: ClassVar = "test.Model"
    loaded: ClassVar[list[str]] = []
    fails: ClassVar[int] = 0
    text: str = ""

    @classmethod
    async def setup(cls) -> None:
        await asyncio.sleep(0.01)
        if cls.fails:
            cls.fails -= 1
            raise OSError("no such model")
        cls.loaded.append("up")

    @classmethod
    async def teardown(cls) -> None:
        cls.loaded.append("down")

    async def process(self) -> int:
        return len(self.loaded)


class Threaded(Node):
    """Is set up in a thread."""

    type_name: ClassVar = "test.Threaded"
    threads: ClassVar[list[Any]] = []
    text: str = ""

    @classmethod
    def setup(cls) -> None:
        cls.threads.append("up")

    @classmethod
    def teardown(cls) -> None:
        raise RuntimeError("it is stuck")

    def process(self) -> int:
        return len(self.threads)


@pytest.fixture(autouse=True)
def anew() -> None:
    Model.loaded, Model.fails, Threaded.threads = [], 0, []


@pytest.fixture
async def setups() -> AsyncIterator[Setups]:
    with ThreadPoolExecutor(2) as pool:
        yield Setups(pool)


async def play(player: Player, setups: Setups, kind: str, *lines: str) -> Told:
    nodes = [node("each", "nodetool.control.ForEach", input_list=["a", "b"]), node("m", kind), OUT]
    run, taken = player.start(player.plan(nodes, *lines, "m.output -> out.value"), setups=setups)
    return Told(taken(), await run.go())


@pytest.fixture
def player() -> Player:
    return Player(Model, Threaded)


async def test_a_class_is_set_up_once_for_all_runs_of_a_process(player: Player, setups: Setups) -> None:
    told = await asyncio.gather(*(play(player, setups, "test.Model", "each.output -> m.text") for _ in range(3)))

    assert [one.end.status for one in told] == ["completed"] * 3
    assert Model.loaded == ["up"]
    await setups.teardown(1)
    assert Model.loaded == ["up", "down"]


async def test_a_setup_that_fails_fails_its_node_and_is_tried_by_the_next_run(player: Player, setups: Setups) -> None:
    Model.fails = 1

    first = await play(player, setups, "test.Model")
    second = await play(player, setups, "test.Model")

    assert (first.end.status, first.end.node_id, first.end.error) == ("failed", "m", "no such model")
    assert second.end.status == "completed"


async def test_a_run_that_is_cancelled_leaves_the_setup_to_others(player: Player, setups: Setups) -> None:
    first, second = (asyncio.ensure_future(play(player, setups, "test.Model")) for _ in range(2))
    await asyncio.sleep(0.003)
    first.cancel()

    assert (await first).end.status == "cancelled"
    assert (await second).end.status == "completed"
    assert Model.loaded == ["up"]


async def test_nothing_is_set_up_for_a_node_that_does_not_fire(player: Player, setups: Setups) -> None:
    nodes = [node("if", "nodetool.control.If", condition=True, value="x"), node("m", "test.Model"), OUT]
    plan = player.plan(nodes, "if.if_false -> m.text", "m.output -> out.value")
    run, _ = player.start(plan, setups=setups)

    assert (await run.go()).status == "completed"
    assert Model.loaded == []


async def test_what_blocks_is_done_in_a_thread_and_a_teardown_that_fails_is_told(
    player: Player, setups: Setups, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await play(player, setups, "test.Threaded")).end.status == "completed"
    await setups.teardown(1)

    assert Threaded.threads == ["up"]
    assert "the teardown of Threaded failed: RuntimeError('it is stuck')" in capsys.readouterr().out


async def test_a_node_is_set_up_in_tests_of_its_author_too() -> None:
    assert await outputs(Model()) == {"output": [1]}


def test_a_setup_belongs_to_the_class() -> None:
    class Odd(Node):
        """Odd."""

        def setup(self) -> None:
            """Set up."""

        def process(self) -> int:
            return 1

    with pytest.raises(BadNode, match="setup has to be a classmethod"):
        describe(Odd)
