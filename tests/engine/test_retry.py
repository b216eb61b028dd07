"""Nodes that try again. Time is a number here: no test waits."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.protocol.events import LogUpdate
from nodetool.sdk import Context, HttpFailed, Node, Retry, Stream, node
from nodetool.sdk.describe import BadNode, describe
from tests.engine.harness import Player, Told
from tests.engine.harness import node as graph_node
from tests.jobs.simulation.virtual import VirtualLoop

OUT = graph_node("out", "nodetool.output.Output", name="out")

THRICE = Retry(attempts=3, pause=10, factor=3, jitter=0)


class Shaky(Node):
    """Fails a few times."""

    type_name: ClassVar = "test.Shaky"
    retry: ClassVar = THRICE
    fails: int = 0
    with_what: str = "ConnectionError"
    words: list[str] = []
    tries: ClassVar[list[float]] = []
    tokens: ClassVar[set[str]] = set()

    async def process(self, ctx: Context) -> list[str]:
        Shaky.tries.append(asyncio.get_running_loop().time())
        Shaky.tokens.add(ctx.idempotency_token)
        self.words.append("said")
        if len(Shaky.tries) <= self.fails:
            raise {"ConnectionError": ConnectionError, "HttpFailed": HttpFailed, "ValueError": ValueError}[
                self.with_what
            ]("no luck")
        return self.words


class Talkative(Node):
    """Says something, and then fails."""

    type_name: ClassVar = "test.Talkative"
    retry: ClassVar = THRICE
    before: int = 0
    tries: ClassVar[int] = 0

    async def process(self) -> AsyncIterator[int]:
        Talkative.tries += 1
        for number in range(self.before):
            yield number
        if Talkative.tries < 2:
            raise TimeoutError("too late")
        yield 100


class Threaded(Node):
    """Fails in its thread the first time."""

    type_name: ClassVar = "test.Threaded"
    retry: ClassVar = Retry(attempts=2, pause=0.001, on=(OSError,))
    tries: ClassVar[int] = 0

    def process(self) -> str:
        Threaded.tries += 1
        if Threaded.tries == 1:
            raise BrokenPipeError("broken")
        return "done"


@node(type_name="test.Decorated", retry=Retry(attempts=2))
def decorated(text: str) -> str:
    """Says the same."""
    return text


@pytest.fixture(autouse=True)
def anew() -> None:
    Shaky.tries, Shaky.tokens, Talkative.tries = [], set(), 0


def played(work: Callable[[Player], Coroutine[Any, Any, Told]]) -> tuple[Told, float]:
    """Run in time that is a number; return what was told, and how much time it took."""
    loop = VirtualLoop(1000.0, turned=lambda: None, lag=lambda: 0.001)
    try:
        with Player(Shaky, Talkative) as player:
            told = loop.run_until_complete(work(player))
        return told, loop.time() - 1000
    finally:
        loop.close()


def of_one(type: str, **data: Any) -> Callable[[Player], Coroutine[Any, Any, Told]]:
    async def work(player: Player) -> Told:
        return await player.run(player.plan([graph_node("n", type, **data), OUT], "n.output -> out.value"))

    return work


def warnings(told: Told) -> list[str]:
    return [event.content for event in told.events if isinstance(event, LogUpdate)]


@given(st.integers(0, 4))
def test_a_firing_is_tried_as_often_as_its_class_says(fails: int) -> None:
    Shaky.tries, Shaky.tokens = [], set()

    told, took = played(of_one("test.Shaky", fails=fails))

    assert len(Shaky.tries) == min(fails + 1, 3)
    assert told.end.status == ("completed" if fails < 3 else "failed")
    assert took == pytest.approx([0, 10, 40, 40, 40][fails])
    assert len(warnings(told)) == min(fails, 2)
    assert told.of("n") == ["running", "completed" if fails < 3 else "error"]
    assert len(Shaky.tokens) == 1


def test_the_log_says_what_failed_and_when_it_is_tried_again() -> None:
    told, _ = played(of_one("test.Shaky", fails=2, with_what="HttpFailed"))

    assert warnings(told) == [
        "try 1 of 3 failed, again in 10 s: no luck",
        "try 2 of 3 failed, again in 30 s: no luck",
    ]


def test_each_try_begins_with_the_inputs_as_they_came() -> None:
    told, _ = played(of_one("test.Shaky", fails=2, words=["given"]))

    assert told.result == {"out": ["given", "said"]}


def test_other_errors_are_not_tried_again() -> None:
    told, took = played(of_one("test.Shaky", fails=1, with_what="ValueError"))

    assert (told.end.status, told.end.error, took, len(Shaky.tries)) == ("failed", "no luck", 0, 1)


@pytest.mark.parametrize(("before", "expected"), [(0, {"out": [100]}), (1, None)])
def test_what_was_sent_cannot_be_taken_back(before: int, expected: Any) -> None:
    told, _ = played(of_one("test.Talkative", before=before))

    assert (told.result if expected else told.end.status) == (expected or "failed")
    assert Talkative.tries == (2 if expected else 1)


async def test_a_node_in_a_thread_tries_again_too() -> None:
    with Player(Threaded) as player:
        told = await player.run(player.plan([graph_node("n", "test.Threaded"), OUT], "n.output -> out.value"))

    assert told.result == {"out": "done"}


def test_a_cancel_in_a_pause_ends_the_run_at_once() -> None:
    async def work(player: Player) -> Told:
        plan = player.plan([graph_node("n", "test.Shaky", fails=2), OUT], "n.output -> out.value")
        run, taken = player.start(plan)
        running = asyncio.ensure_future(run.go())
        await asyncio.sleep(3)
        running.cancel()
        return Told(taken(), await running)

    told, took = played(work)

    assert (told.end.status, took, len(Shaky.tries)) == ("cancelled", 3, 1)


@given(
    st.builds(
        Retry,
        pause=st.floats(0, 100),
        factor=st.floats(1, 10),
        most=st.floats(0, 1000),
        jitter=st.floats(0, 1),
    ),
    st.integers(1, 8),
    st.floats(0, 1),
)
def test_pauses_grow_up_to_a_limit(retry: Retry, tried: int, chance: float) -> None:
    assert 0 <= retry.seconds(tried, chance) <= retry.most
    assert retry.seconds(tried, 0) <= retry.seconds(tried + 1, 0)
    assert retry.seconds(tried, chance) >= retry.seconds(tried, 0) * (1 - retry.jitter) * 0.999


def test_what_cannot_be_tried_again_is_refused() -> None:
    class Reads(Node):
        """Reads."""

        retry: ClassVar = Retry()
        items: Stream[int]

        async def process(self) -> int:
            return 1

    class Odd(Node):
        """Odd."""

        retry: ClassVar[Any] = 3

        def process(self) -> int:
            return 1

    with pytest.raises(BadNode, match="it reads the stream items itself"):
        describe(Reads)
    with pytest.raises(BadNode, match="it has to be a Retry"):
        describe(Odd)
    with pytest.raises(ValueError, match="attempts and factor are at least 1"):
        Retry(attempts=0)
    assert (describe(Shaky).attempts, getattr(decorated, "retry", None)) == (3, Retry(attempts=2))
