"""Nodes that call stored workflows: once, for each of many items, or again and again."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Annotated, Any, ClassVar

from nodetool.protocol.descriptions import Calls
from nodetool.sdk import BadInput, Context, Meta, Node, Stream
from nodetool.sdk.called import Called

WorkflowId = Annotated[str, Meta(description="The id of the workflow. It is set here, and cannot come by an edge.")]


class Workflow(Node):
    """Call a stored workflow: its inputs and outputs are handles of this node.
    workflow, call, sub-workflow, function, reuse

    It runs inside the job, as it was stored when the job was accepted. What follows an output whose branch was not
    taken does not run. Behind a stream it is called for each item.

    Use cases:
    - Use in many workflows what was built in one
    - Give a part of a large workflow a name and a test of its own
    - Let somebody else look after a step
    """

    type_name: ClassVar = "nodetool.workflows.Workflow"
    calls: ClassVar[Calls | None] = "run"
    is_dynamic: ClassVar = True
    supports_dynamic_outputs: ClassVar = True

    workflow_id: WorkflowId = ""
    dynamic: dict[str, Any] = {}

    async def process(self, ctx: Context) -> dict[str, Any]:
        return await ctx.workflow.run(self.dynamic)


class WorkflowStream(Node):
    """Call a stored workflow and pass on what reaches its outputs as it comes, item by item.
    workflow, call, sub-workflow, stream, chunks

    Use cases:
    - Show the text of a model as it is written, though another workflow asks for it
    - Work on the first row while a workflow still reads the rest
    - Take from a long workflow what it has so far
    """

    type_name: ClassVar = "nodetool.workflows.WorkflowStream"
    calls: ClassVar[Calls | None] = "stream"
    is_dynamic: ClassVar = True
    supports_dynamic_outputs: ClassVar = True

    workflow_id: WorkflowId = ""
    dynamic: dict[str, Any] = {}

    async def process(self, ctx: Context) -> AsyncIterator[dict[str, Any]]:
        async with aclosing(ctx.workflow.stream(self.dynamic)) as items:
            async for name, value in items:
                yield {name: value}


class Map(Node):
    """Call a stored workflow for each element of a list, or each item of a stream, several at a time.
    workflow, map, for each, parallel, batch, list, stream

    What the calls give is sent on in the order of the items, whichever is done first. Other inputs of the workflow are
    handles of this node too, and the same in each call. The first call that fails ends the run.

    Use cases:
    - Describe every picture of a folder, four at a time
    - Ask a slow service about each row of a table
    - Turn a workflow for one document into one for many
    """

    type_name: ClassVar = "nodetool.workflows.Map"
    calls: ClassVar[Calls | None] = "run"
    gives: ClassVar = True
    is_dynamic: ClassVar = True
    supports_dynamic_outputs: ClassVar = True

    workflow_id: WorkflowId = ""
    values: Annotated[list[Any], Meta(description="Elements of a list; those that are null are passed over.")] = []
    items: Annotated[Stream[Any], Meta(description="Items of a stream, as they come.")] = Stream.of([])
    item: Annotated[str, Meta(description="The input that takes an item; not needed where only one is left.")] = ""
    index: Annotated[str, Meta(description="The input that takes the number of the item, from 0; none if empty.")] = ""
    concurrency: Annotated[int, Meta(ge=1, le=256, description="How many calls may be under way at once.")] = 4
    dynamic: dict[str, Any] = {}

    async def process(self, ctx: Context) -> AsyncIterator[dict[str, Any]]:
        workflow, name = ctx.workflow, self._taker(ctx.workflow)
        calls: deque[asyncio.Future[dict[str, Any]]] = deque()
        async with aclosing(self._numbered()) as items:
            coming: list[asyncio.Future[Any]] = [asyncio.ensure_future(anext(items, None))]
            """The next item, until there is none."""
            try:
                while calls or coming:
                    if calls and calls[0].done():
                        yield calls.popleft().result()
                        continue
                    takes_more = len(calls) < self.concurrency
                    await _first([*calls, *coming] if takes_more else calls)
                    if takes_more and coming and coming[0].done() and (found := coming.pop().result()):
                        number, item = found
                        calls.append(asyncio.ensure_future(workflow.run(self._params(name, item, number), number)))
                        coming.append(asyncio.ensure_future(anext(items, None)))
            finally:
                await _stopped([*calls, *coming])

    async def _numbered(self) -> AsyncGenerator[tuple[int, Any], None]:
        number = 0
        for item in self.values:
            if item is not None:
                yield number, item
            number += 1
        async for item in self.items:
            yield number, item
            number += 1

    def _taker(self, workflow: Called) -> str:
        """Return the input that takes an item."""
        left = [name for name in workflow.inputs if name not in (*self.dynamic, self.index)]
        if self.item:
            if self.item not in workflow.inputs:
                raise BadInput(
                    "item", f"the workflow has no such input; it has {', '.join(workflow.inputs)}", self.item
                )
            return self.item
        if len(left) != 1:
            raise BadInput("item", f"name the input that takes an item: {', '.join(left) or 'all have a value'}")
        return left[0]

    def _params(self, name: str, item: Any, number: int) -> dict[str, Any]:
        numbered = {self.index: number} if self.index else {}
        return {**self.dynamic, **numbered, name: item}


class Loop(Node):
    """Call a stored workflow again and again, each time with what it gave the time before.
    workflow, loop, repeat, until, while, iterate

    An output goes into the input of the same name in the next round; the values of this node's handles are those of the
    first round. It ends when the output named by until is true, and sends what the last round gave.

    Use cases:
    - Improve a text until a check is content
    - Read a service page by page
    - Try again with other settings, ten times at most
    """

    type_name: ClassVar = "nodetool.workflows.Loop"
    calls: ClassVar[Calls | None] = "run"
    gives: ClassVar = True
    is_dynamic: ClassVar = True
    supports_dynamic_outputs: ClassVar = True

    workflow_id: WorkflowId = ""
    until: Annotated[str, Meta(description="The output that ends the loop once it is true; none if empty.")] = ""
    index: Annotated[str, Meta(description="The input that takes the number of the round, from 0; none if empty.")] = ""
    rounds: Annotated[
        int,
        Meta(ge=1, le=100_000, description="How many rounds there may be; if until is empty, so many there are."),
    ] = 10
    dynamic: dict[str, Any] = {}

    async def process(self, ctx: Context) -> dict[str, Any]:
        workflow = ctx.workflow
        if self.until and self.until not in workflow.outputs:
            raise BadInput(
                "until", f"the workflow has no such output; it has {', '.join(workflow.outputs)}", self.until
            )
        values, made = dict(self.dynamic), {}
        for number in range(self.rounds):
            ctx.progress(number, self.rounds)
            made = await workflow.run({**values, **({self.index: number} if self.index else {})}, number)
            if self.until and made.get(self.until) is True:
                return made
            values.update({name: value for name, value in made.items() if name in workflow.inputs})
        if self.until:
            raise BadInput("rounds", f"{self.until} was not true after {self.rounds} rounds")
        return made


async def _first(waiting: Iterable["asyncio.Future[Any]"]) -> None:
    """Wait until one of them is done. Raises what one of them has raised: nobody waits for the others then."""
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in done:
        one.result()


async def _stopped(waiting: Iterable["asyncio.Future[Any]"]) -> None:
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
