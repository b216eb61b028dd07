"""Nodes that say which way values go: branches, lists taken apart and put together again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, ClassVar, TypedDict

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import Context, Meta, Node, Stream


class Branches(TypedDict, total=False):
    """Only the branch that is taken is there."""

    if_true: Any
    if_false: Any


class Item(TypedDict):
    """An element of a list, and its place."""

    output: Any
    index: int


class If(Node):
    """Send the value one way or the other.
    control, condition, branch, route

    What follows the other branch does not run. A value that is null goes nowhere.

    Use cases:
    - Run a part of a workflow only if something holds
    - Handle good and bad data differently
    - Skip work that the caller did not ask for
    """

    type_name: ClassVar = "nodetool.control.If"
    runs: ClassVar[Runs] = "inline"

    condition: bool = False
    value: Any = None

    def process(self) -> Branches:
        return {"if_true": self.value} if self.condition else {"if_false": self.value}


class ForEach(Node):
    """Send the elements of a list on, one by one, each with its index.
    control, loop, iterate, list, stream

    An element that is null is passed over; the index counts it.

    Use cases:
    - Do the same with every row of a table
    - Turn a list into a stream
    - Number the items of a list
    """

    type_name: ClassVar = "nodetool.control.ForEach"
    runs: ClassVar[Runs] = "inline"

    input_list: list[Any] = []

    def process(self) -> Iterator[Item]:
        for index, item in enumerate(self.input_list):
            if item is not None:
                yield {"output": item, "index": index}


class Pace(Node):
    """Send the elements of a list on, one by one, with a pause before each.
    control, loop, pace, wait, delay, stream

    It tells how many elements are done. One that is null is passed over; the index counts it.

    Use cases:
    - Call a service no more often than it allows
    - Show how a list grows
    - Try out what those see who wait for a slow workflow
    """

    type_name: ClassVar = "nodetool.control.Pace"
    runs: ClassVar[Runs] = "async"

    input_list: list[Any] = []
    seconds: Annotated[float, Meta(ge=0, le=3600, description="How long the pause before each element is.")] = 1.0

    async def process(self, ctx: Context) -> AsyncIterator[Item]:
        total = len(self.input_list)
        for index, item in enumerate(self.input_list):
            ctx.progress(index, total)
            await asyncio.sleep(self.seconds)
            if item is not None:
                yield {"output": item, "index": index}
        if total:
            ctx.progress(total, total)


class Collect(Node):
    """Gather everything that arrives into one list.
    control, collect, gather, list, stream

    Use cases:
    - Put the results of a loop together again
    - Wait for the end of a stream
    - Bring parallel branches into one list, in the order of their edges
    """

    type_name: ClassVar = "nodetool.control.Collect"
    runs: ClassVar[Runs] = "inline"

    input_item: Stream[Any]

    async def process(self) -> list[Any]:
        return [item async for item in self.input_item]


class Reroute(Node):
    """Pass a value on as it is.
    control, reroute, passthrough, layout

    Use cases:
    - Lay long edges out neatly
    - Give several consumers one place to be connected to
    - Change the source of many edges at once
    """

    type_name: ClassVar = "nodetool.control.Reroute"
    runs: ClassVar[Runs] = "inline"

    input_value: Any = None

    def process(self) -> Any:
        return self.input_value
