"""The first node that fails ends the run; the others are stopped."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, ClassVar

import pytest

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.events import NodeUpdate, OutputUpdate
from nodetool.sdk import Node
from tests.engine.harness import Player, Told, node
from tests.engine.kinds import OPEN, Fail, turns

OUT = node("out", "nodetool.output.Output", name="out")


async def test_the_node_at_fault_tells_error_and_the_run_ends_with_its_message(player: Player) -> None:
    told = await player.play([node("f", "test.Fail", message="no such thing"), OUT], "f.output -> out.value")

    assert told.of("f") == ["running", "error"]
    assert told.of("out") == []
    (error,) = [event.error for event in told.events if isinstance(event, NodeUpdate) and event.error]
    assert error == "no such thing"
    assert (told.end.status, told.end.code, told.end.error) == ("failed", "node_failed", "no such thing")
    assert (told.end.node_id, told.end.result) == ("f", b"")


async def test_a_bad_input_names_its_handle(player: Player) -> None:
    nodes = [node("s", "nodetool.list.Slice", values=[1], step=0), OUT]

    told = await player.play(nodes, "s.output -> out.value")

    assert (told.end.node_id, told.end.handle, told.end.code) == ("s", "step", "node_failed")
    assert told.end.error == "step: must not be 0"


async def test_edges_that_were_not_drained_stay_silent_and_siblings_are_cancelled_after_the_error(
    player: Player,
) -> None:
    told = await player.play(
        [node("w1", "test.Wait"), node("f", "test.Fail", turns=2), node("w2", "test.Wait"), OUT],
        "w1.output -> out.value",
        "f.output -> out.value",
        "w2.output -> out.value",
    )

    last = [(event.node_id, event.status) for event in told.events if isinstance(event, NodeUpdate)][-3:]
    assert last == [("f", "error"), ("w1", "cancelled"), ("w2", "cancelled")]
    assert told.drained() == {}


async def test_the_first_raise_wins(player: Player) -> None:
    told = await player.play(
        [node("late", "test.Fail", turns=9), node("f", "test.Fail", turns=2), node("later", "test.Fail", turns=9)]
    )

    assert told.end.node_id == "f"
    assert [told.of(id) for id in ("late", "f", "later")] == [
        ["running", "cancelled"],
        ["running", "error"],
        ["running", "cancelled"],
    ]


async def test_what_reached_outputs_before_stays_in_the_events(player: Player) -> None:
    told = await player.play(
        [node("n", "test.Number", value=1), OUT, node("f", "test.Fail")],
        "n.output -> out.value",
        "out.output -> f.value",
    )

    assert told.of("out") == ["running", "completed"]
    assert told.drained() == {"e0": 1, "e1": 1}
    assert told.end.status == "failed"


async def test_a_failure_in_a_stream_closes_the_generators_before_it(player: Player) -> None:
    told = await player.play(
        [
            node("c", "test.Count", count=10_000),
            node("t", "test.CountInThread", count=10_000),
            node("s", "test.CountSync", count=10_000),
            node("f1", "test.Fail", turns=5),
            node("add", "test.Add"),
            node("g", "test.Gather"),
        ],
        "c.output -> f1.value",
        "t.output -> add.a",
        "s.output -> add.b",
        "add.output -> g.items",
    )

    assert told.end.node_id == "f1"
    assert OPEN == []


class Raise(Node):
    """Raise what a test wants raised."""

    type_name: ClassVar = "test.Raise"
    runs: ClassVar[Runs] = "inline"
    errors: ClassVar[dict[str, Callable[[], BaseException]]] = {}
    word: str = ""

    def made(self) -> BaseException:
        return self.errors[self.word]()

    def process(self) -> Any:
        raise self.made()


class RaiseLater(Raise):
    """The same in a task."""

    type_name: ClassVar = "test.RaiseLater"
    runs: ClassVar[Runs] = "async"

    async def process(self) -> Any:
        await turns(1)
        raise self.made()


class RaiseInThread(Raise):
    """The same in a thread."""

    type_name: ClassVar = "test.RaiseInThread"
    runs: ClassVar[Runs] = "blocking"


class RaiseWhileStreaming(Raise):
    """The same after three items."""

    type_name: ClassVar = "test.RaiseWhileStreaming"

    async def process(self) -> AsyncIterator[Any]:
        for number in range(3):
            yield number
        raise self.made()


class RaiseWhileStreamingInThread(Raise):
    """The same after three items, in a thread."""

    type_name: ClassVar = "test.RaiseWhileStreamingInThread"
    runs: ClassVar[Runs] = "blocking"

    def process(self) -> Iterator[Any]:
        yield from range(3)
        raise self.made()


class Mute(Exception):
    """An error whose text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError


ERRORS: dict[str, tuple[Callable[[], BaseException], str]] = {
    "exit": (lambda: SystemExit(3), "3"),
    "interrupt": (KeyboardInterrupt, "KeyboardInterrupt"),
    "empty": (ValueError, "ValueError"),
    "mute": (Mute, "Mute"),
    "half": (lambda: ValueError("\ud800"), "?"),
    "long": (lambda: ValueError("x" * 1_000_000), "x" * 10_000),
    "group": (lambda: ExceptionGroup("many", [ExceptionGroup("few", [ValueError("one")]), TypeError()]), "one"),
    "recursion": (lambda: RecursionError("too deep"), "too deep"),
    "memory": (lambda: MemoryError("too much"), "too much"),
}
Raise.errors = {word: error for word, (error, _) in ERRORS.items()}
RAISERS = (Raise, RaiseLater, RaiseInThread, RaiseWhileStreaming, RaiseWhileStreamingInThread)


@pytest.mark.parametrize("word", ERRORS)
@pytest.mark.parametrize("kind", RAISERS, ids=lambda kind: kind.__name__)
async def test_whatever_a_node_raises_is_its_failure(kind: type[Node], word: str) -> None:
    with Player(*RAISERS) as player:
        told = await player.play([node("r", kind.type_name, word=word), OUT], "r.output -> out.value")

    assert (told.end.status, told.end.code, told.end.node_id) == ("failed", "node_failed", "r")
    assert told.end.error.removeprefix("the node raised SystemExit: ").removeprefix(
        "the node raised KeyboardInterrupt: "
    ) in (ERRORS[word][1], "")
    assert told.of("r") == ["running", "error"]


async def test_items_made_before_a_failure_in_a_thread_are_sent() -> None:
    with Player(*RAISERS) as player:
        told = await player.play(
            [node("r", "test.RaiseWhileStreamingInThread", word="empty"), OUT], "r.output -> out.value"
        )

    assert [event.value for event in told.events if isinstance(event, OutputUpdate)] == [0, 1, 2]


async def test_endless_recursion_is_the_nodes_failure() -> None:
    class Deep(Node):
        type_name: ClassVar = "test.Deep"
        runs: ClassVar[Runs] = "inline"

        def process(self) -> int:
            return self.process()

    with Player(Deep) as player:
        told = await player.play([node("d", "test.Deep")])

    assert told.end.error.startswith("maximum recursion depth exceeded")


async def test_a_node_that_cancels_itself_has_failed() -> None:
    class Quit(Node):
        type_name: ClassVar = "test.Quit"

        async def process(self) -> None:
            task = asyncio.current_task()
            assert task
            task.cancel()
            await turns(1)

    class Cancelled(Node):
        type_name: ClassVar = "test.Cancelled"
        runs: ClassVar[Runs] = "inline"

        def process(self) -> None:
            raise asyncio.CancelledError

    with Player(Quit, Cancelled) as player:
        for kind in ("test.Quit", "test.Cancelled"):
            told = await player.play([node("q", kind), node("c", "nodetool.control.Reroute")])
            assert (told.end.status, told.end.code) == ("failed", "node_failed")
            assert told.end.node_id == "q"
            assert told.of("q") == ["running", "error"]


async def test_a_value_that_does_not_fit_fails_naming_handle_and_both_types(player: Player) -> None:
    told = await player.play(
        [node("m", "test.Make", word="bytes"), node("r", "nodetool.text.Replace"), OUT],
        "m.output -> r.text",
        "r.output -> out.value",
    )

    assert (told.end.code, told.end.node_id, told.end.handle) == ("type_mismatch", "r", "text")
    assert told.end.error == "text: expected str, got bytes"


async def test_an_item_that_does_not_fit_the_stream_of_a_reader_fails_the_reader(player: Player) -> None:
    told = await player.play(
        [node("m", "test.Make", word="nans"), node("g", "test.Gather")],
        "m.output -> g.items",
    )

    assert (told.end.code, told.end.node_id, told.end.handle) == ("type_mismatch", "g", "items")


async def test_a_node_that_sends_to_a_handle_that_it_does_not_have_fails() -> None:
    from typing import TypedDict

    class Named(TypedDict, total=False):
        left: int

    class Sends(Node):
        type_name: ClassVar = "test.Sends"
        runs: ClassVar[Runs] = "inline"
        what: ClassVar[Any] = None

        def process(self) -> Named:
            return self.what  # type: ignore[no-any-return]

    with Player(Sends) as player:
        Sends.what = {"right": 1}
        told = await player.play([node("s", "test.Sends")])
        assert told.end.error == "the node sent to 'right', which is not one of its outputs"
        Sends.what = [1]
        told = await player.play([node("s", "test.Sends")])
        assert told.end.error == "the node has to send a dict of its outputs, and sent list"


async def test_siblings_in_threads_that_have_not_begun_never_do() -> None:
    begun = []

    class Hold(Node):
        type_name: ClassVar = "test.Hold"

        def process(self) -> None:
            begun.append(1)
            time.sleep(0.05)

    with Player(Hold, Fail) as player:
        plan = player.plan([*[node(f"h{i}", "test.Hold") for i in range(50)], node("f", "test.Fail", turns=3)])
        told = await player.run(plan)

    assert told.end.status == "failed"
    assert len(begun) <= 8


async def test_a_sibling_that_swallows_its_cancellation_holds_the_end_up_by_the_grace_only() -> None:
    let_go = asyncio.Event()

    class Stubborn(Node):
        type_name: ClassVar = "test.Stubborn"

        async def process(self) -> str:
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue
            return "done all the same"

    with Player(Stubborn, Fail) as player:
        run, taken = player.start(
            player.plan([node("s", "test.Stubborn"), node("f", "test.Fail", turns=1), OUT], "s.output -> out.value")
        )
        began = time.monotonic()
        end = await run.go()
        assert 0.2 <= time.monotonic() - began < 2
        told = Told(taken(), end)
        assert told.of("s") == ["running", "cancelled"]

        let_go.set()
        await turns(5)

    assert taken() == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_failed_run_keeps_its_error_for_whoever_writes_logs(player: Player) -> None:
    run, _ = player.start(player.plan([node("f", "test.Fail", message="why")]))
    await run.go()

    assert run.failure
    assert run.failure.step.node.id == "f"
    assert run.failure.error.__traceback__


async def test_nothing_of_a_failed_run_reaches_the_loops_own_error_handler(player: Player) -> None:
    heard: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))

    await player.play([node(f"f{i}", "test.Fail", turns=i % 3) for i in range(9)])
    await turns(3)

    assert heard == []
