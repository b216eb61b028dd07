"""The author's helpers behave as a workflow does."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, TypedDict

import pytest

from nodetool.sdk import Context, InputNode, Meta, Node, Stream
from nodetool.sdk.testing import Recorder, outputs, run


class Shout(Node):
    text: Annotated[str, Meta(max_length=5)] = ""
    times: int = 1

    def process(self) -> str | None:
        return self.text.upper() * self.times or None


class Word(TypedDict, total=False):
    output: str
    size: int


class Words(Node):
    text: str = ""

    def process(self) -> Iterator[Word]:
        for word in self.text.split():
            yield {"output": word, "size": len(word)}


class Ends(Node):
    text: str = ""

    async def process(self) -> Word:
        return {"output": self.text[:1]}


class Total(Node):
    numbers: Stream[int]

    async def process(self) -> AsyncIterator[int]:
        total = 0
        async for number in self.numbers:
            total += number
            yield total


class Chatty(Node):
    def process(self, ctx: Context) -> int:
        ctx.progress(1, 2, "half")
        ctx.log("a line")
        ctx.log("beware", "warning")
        ctx.preview([1])
        ctx.chunk("piece", done=True)
        ctx.notify("look")
        return ctx.attempt


def test_run_gives_the_value() -> None:
    assert run(Shout(text="hi")) == "HI"


def test_run_gives_none_where_nothing_is_sent() -> None:
    assert run(Shout()) is None


def test_run_gives_a_list_of_what_is_yielded() -> None:
    assert run(Total(numbers=Stream.of([1, 2, 3]))) == [1, 3, 6]


def test_run_gives_named_outputs_by_handle() -> None:
    assert run(Ends(text="word")) == {"output": "w"}
    assert run(Words(text="a word")) == {"output": ["a", "word"], "size": [1, 4]}


async def test_outputs_are_lists_by_handle() -> None:
    assert await outputs(Shout(text="hi")) == {"output": ["HI"]}
    assert await outputs(Shout()) == {}
    assert await outputs(Words(text="a word")) == {"output": ["a", "word"], "size": [1, 4]}


async def test_a_stream_may_be_a_plain_list() -> None:
    numbers: Any = [1, 2]

    assert await outputs(Total(numbers=numbers)) == {"output": [1, 3]}


def test_what_a_node_says_is_recorded() -> None:
    ctx = Recorder(attempt=2)

    assert run(Chatty(), ctx) == 2
    assert ctx.steps == [(1, 2)]
    assert ctx.logs == [("info", "a line"), ("warning", "beware")]
    assert ctx.previews == [[1]]
    assert ctx.chunks == ["half", "piece"]
    assert ctx.notices == [("info", "look")]


def test_a_recorder_is_a_context() -> None:
    ctx: Context = Recorder()

    assert (ctx.job_id, ctx.node_id, ctx.attempt) == ("test-job", "test-node", 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"text": 3}, "text: Expected `str`, got `int`"), ({"text": "too long"}, "text: Expected `str` of length <= 5")],
    ids=["type", "limit"],
)
def test_a_field_that_does_not_fit_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(Shout(**fields))


def test_a_whole_number_fits_where_a_number_is_asked_for() -> None:
    class Half(Node):
        number: float = 0.0

        def process(self) -> float:
            return self.number / 2

    assert run(Half(number=3)) == 1.5


def test_what_the_node_raises_comes_out() -> None:
    class Fails(Node):
        def process(self) -> str:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(Fails())


def test_a_handle_that_is_not_declared_is_an_error() -> None:
    class Wrong(Node):
        def process(self) -> Word:
            return {"outptu": "a"}  # type: ignore[typeddict-unknown-key]

    with pytest.raises(ValueError, match="has no output outptu"):
        run(Wrong())


def test_a_node_that_the_engine_works_for_cannot_be_run_alone() -> None:
    with pytest.raises(TypeError, match="InputNode has no process"):
        run(InputNode())


async def test_run_says_what_to_use_in_an_async_test() -> None:
    with pytest.raises(RuntimeError, match=r"await outputs\(node\)"):
        run(Shout())
