"""A function with types and a docstring is a node."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import pytest

from nodetool.sdk import Context, Meta, Node, Stream, node
from nodetool.sdk.describe import describe, process_of
from nodetool.sdk.testing import Recorder, outputs, run


@node
def shout_twice(text: str, mark: Annotated[str, Meta(description="At the end.")] = "!") -> str:
    """Say a text loudly, twice.
    text, loud
    """
    return f"{text.upper()}{mark} " * 2


@node(type_name="acme.Count", title="Count to", runs="inline")
def count(ctx: Context, to: Annotated[int, Meta(ge=0)] = 3) -> Iterator[int]:
    for number in range(to):
        ctx.progress(number, to)
        yield number


@node
async def total(items: Stream[float], start: float = 0.0) -> float:
    return start + sum([item async for item in items])


@node
async def pairs(items: Stream[int]) -> AsyncIterator[list[int]]:
    async for item in items:
        yield [item, item]


@node
def collect(first: int = 0, **others: Any) -> dict[str, Any]:
    return {"first": first, **others}


def test_it_is_described_like_a_class() -> None:
    class ShoutTwice(Node):
        """Say a text loudly, twice.
        text, loud
        """

        text: str
        mark: Annotated[str, Meta(description="At the end.")] = "!"

        def process(self) -> str:
            return ""

    short, long = describe(shout_twice), describe(ShoutTwice)  # type: ignore[arg-type]

    assert (short.title, short.node_type.rpartition(".")[2]) == ("Shout Twice", "ShoutTwice")
    for name in ("description", "properties", "outputs", "runs", "yields", "is_dynamic", "basic_fields"):
        assert getattr(short, name) == getattr(long, name)


def test_it_says_how_it_is_called_and_how_it_runs() -> None:
    found = describe(count)  # type: ignore[arg-type]

    assert (found.node_type, found.title, found.runs, found.yields) == ("acme.Count", "Count to", "inline", True)
    assert [(one.name, one.min, one.default) for one in found.properties] == [("to", 0, 3)]
    assert found.outputs[0].stream


def test_it_may_be_kept_and_limited() -> None:
    @node(checkpoint=True, timeout=30)
    def dear(text: str) -> str:
        return text

    found, plain = describe(dear), describe(shout_twice)  # type: ignore[arg-type]

    assert (found.checkpoint, found.timeout) == (True, 30.0)
    assert (plain.checkpoint, plain.timeout) == (False, 0.0)


def test_an_input_that_is_called_timeout_leaves_no_name_for_a_limit() -> None:
    def fetch(url: str, timeout: float = 5.0) -> str:
        return f"{url} {timeout}"

    assert describe(node(fetch)).timeout == 0.0  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="the input timeout has the name of the limit"):
        node(timeout=30)(fetch)


def test_it_runs_like_a_class() -> None:
    assert run(shout_twice(text="hi")) == "HI! HI! "
    assert run(total(items=[1, 2], start=0.5)) == 3.5  # type: ignore[arg-type]
    assert run(pairs(items=[1, 2])) == [[1, 1], [2, 2]]  # type: ignore[arg-type]
    assert run(collect(first=1, dynamic={"b": 2})) == {"first": 1, "b": 2}
    with pytest.raises(ValueError, match="mark: Expected `str`, got `int`"):
        run(shout_twice(text="hi", mark=1))  # type: ignore[arg-type]


async def test_it_reads_streams_and_speaks() -> None:
    ctx = Recorder()

    assert await outputs(count(to=2), ctx) == {"output": [0, 1]}
    assert ctx.steps == [(0, 2), (1, 2)]
    assert describe(total).properties[0].stream  # type: ignore[arg-type]


def test_the_function_is_still_there() -> None:
    assert shout_twice.function("a", "?") == "A? A? "  # type: ignore[attr-defined]


def test_further_inputs_go_under_their_names() -> None:
    found = describe(collect)  # type: ignore[arg-type]

    assert found.is_dynamic
    assert [one.name for one in found.properties] == ["first"]
    assert not process_of(collect).takes_context  # type: ignore[arg-type]


def test_a_function_that_cannot_be_a_node_says_why() -> None:
    def no_type(text) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
        return str(text)

    def by_place(text: str, /) -> str:
        return text

    def late(text: str, ctx: Context) -> str:
        return text

    for function, message in (
        (no_type, "the input text needs a type"),
        (by_place, "the input text has to be given by name"),
        (late, "the Context has to come first"),
    ):
        with pytest.raises(TypeError, match=message):
            node(function)
