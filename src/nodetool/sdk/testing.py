"""For authors: run one node as a workflow would, without a workflow.

    def test_splits_at_commas() -> None:
        assert run(Split(text="a,b")) == ["a", "b"]

    async def test_counts_its_items() -> None:
        assert await outputs(ForEach(input_list=["a"])) == {"output": ["a"], "index": [0]}

    async def test_gathers_a_stream() -> None:
        assert await outputs(Collect(input_item=Stream.of([1, 2]))) == {"output": [[1, 2]]}

A field that is a ``Stream`` may also be given as a plain list. What the node says while it runs is in a ``Recorder``.
"""

import asyncio
import inspect
import shutil
import tempfile
import weakref
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from nodetool.protocol.bounds import EVERYWHERE, Bounds
from nodetool.protocol.events import Severity
from nodetool.sdk.describe import Process, fields, process_of, sets_up, streams_of
from nodetool.sdk.http import Http
from nodetool.sdk.node import Node
from nodetool.sdk.stream import Stream
from nodetool.sdk.tools import Tools
from nodetool.sdk.workspace import Workspace

IN_TESTS = Bounds(private_hosts=(EVERYWHERE,), http_timeout=10.0)


class Recorder:
    """A ``Context`` that keeps what it is told: ``run(node, ctx := Recorder())``, then look at its lists.

    It has the *secrets* that it is given. The *workflow* that the node calls is a function of its inputs, by name,
    which returns its outputs. Its ``http`` reaches this machine too, where the servers of tests are, unless other
    *bounds* are given.
    """

    job_id = "test-job"
    node_id = "test-node"
    idempotency_token = "00000000-0000-5000-8000-000000000000"  # noqa: S105 - it opens nothing

    def __init__(
        self,
        attempt: int = 1,
        *,
        secrets: Mapping[str, str] | None = None,
        bounds: Bounds = IN_TESTS,
        workflow: Callable[..., Mapping[str, Any]] | None = None,
    ) -> None:
        self.attempt = attempt
        self.tools = Tools(bounds, secrets)
        self._called = workflow
        self._workspace: Workspace | None = None
        self.cls: type[Node] = Node
        """The class of the node that runs: it says which secrets may be read."""
        self.steps: list[tuple[int, int]] = []
        """What ``progress`` was told: how far, and of how much."""
        self.logs: list[tuple[Severity, str]] = []
        self.previews: list[Any] = []
        self.chunks: list[str] = []
        self.notices: list[tuple[Severity, str]] = []

    @property
    def http(self) -> Http:
        return self.tools.http

    @property
    def workspace(self) -> Workspace:
        """A folder for the test, which is there as long as the recorder."""
        if self._workspace is None:
            folder = Path(tempfile.mkdtemp(prefix="nodetool-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._workspace = Workspace(folder)
        return self._workspace

    @property
    def workflow(self) -> "Played":
        if self._called is None:
            raise TypeError("the node calls a workflow: give the test one, as Recorder(workflow=lambda text: {…})")
        return Played(self._called)

    def secret(self, name: str) -> str:
        return self.tools.secret(name, self.cls)

    def progress(self, progress: int, total: int, chunk: str = "") -> None:
        self.steps.append((progress, total))
        if chunk:
            self.chunks.append(chunk)

    def log(self, content: str, severity: Severity = "info") -> None:
        self.logs.append((severity, content))

    def preview(self, value: Any) -> None:
        self.previews.append(value)

    def chunk(
        self,
        content: str,
        *,
        content_type: str = "text",  # noqa: ARG002 - part of Context
        content_metadata: dict[str, Any] | None = None,  # noqa: ARG002
        done: bool = False,  # noqa: ARG002
    ) -> None:
        self.chunks.append(content)

    def notify(self, content: str, severity: Severity = "info") -> None:
        self.notices.append((severity, content))


class Played:
    """A workflow that a function plays: its parameters are the inputs. It has no outputs until it has run."""

    def __init__(self, function: Callable[..., Mapping[str, Any]]) -> None:
        self._function = function
        self.name = getattr(function, "__name__", "a workflow")
        self.inputs = tuple(inspect.signature(function).parameters)
        self.outputs: tuple[str, ...] = ()

    async def run(self, params: Mapping[str, Any], index: int | None = None) -> dict[str, Any]:  # noqa: ARG002
        made = dict(self._function(**params))
        self.outputs = tuple(made)
        return made

    async def stream(
        self, params: Mapping[str, Any], index: int | None = None
    ) -> AsyncGenerator[tuple[str, Any], None]:
        """Yield the items of lists one by one, and other outputs as they are."""
        for name, value in (await self.run(params, index)).items():
            for item in value if isinstance(value, list) else [value]:
                yield name, item


def run(node: Node, ctx: Recorder | None = None) -> Any:
    """Run *node* and return its value: a list of them if it yields; by handle if it names its outputs.

    For tests that are not async. Whatever the node raises comes out as it is; a field that does not fit its type is a
    ValueError that names it.
    """
    _refuse_inside_a_loop()
    process = process_of(type(node))
    sent = asyncio.run(outputs(node, ctx))
    if not process.yields:
        values: dict[str, Any] = {handle: items[0] for handle, items in sent.items()}
        return values if process.named else values.get("output")
    return sent if process.named else sent.get("output", [])


async def outputs(node: Node, ctx: Recorder | None = None) -> dict[str, list[Any]]:
    """Run *node* and return all that it sends, by handle. A handle that nothing was sent to is not there."""
    cls = type(node)
    process = process_of(cls)
    if not hasattr(node, "process"):
        raise TypeError(f"{cls.__qualname__} has no process: a workflow does its work")
    _prepare(node)
    await _set_up(cls)
    ctx = ctx or Recorder()
    ctx.cls = cls
    sent: dict[str, list[Any]] = {}
    try:
        for result in await _results(node, process, ctx):
            for handle, value in _by_handle(cls, process, result):
                sent.setdefault(handle, []).append(value)
    finally:
        await ctx.tools.aclose()
    return sent


def _refuse_inside_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("run() is for tests that are not async; here, use: await outputs(node)")


def _prepare(node: Node) -> None:
    """Check each field against its type, and make streams of lists."""
    cls = type(node)
    hints = get_type_hints(cls, include_extras=True)
    streams = streams_of(cls)
    for field in fields(cls):
        value = getattr(node, field.name)
        if field.name not in streams:
            setattr(node, field.name, _checked(field.name, value, hints[field.name]))
        elif not isinstance(value, Stream):
            setattr(node, field.name, Stream.of(value))


def _checked(name: str, value: Any, hint: Any) -> Any:
    if hint == str | bytes and isinstance(value, hint):  # msgspec does not take this union
        return value
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error


async def _set_up(cls: Any) -> None:
    if sets_up(cls):
        made = cls.setup()
        if inspect.isawaitable(made):
            await made


async def _results(node: Any, process: Process, ctx: Recorder) -> list[Any]:
    result = node.process(ctx) if process.takes_context else node.process()
    if not process.yields:
        return [await result if process.is_async else result]
    return [item async for item in result] if process.is_async else list(result)


def _by_handle(cls: type[Node], process: Process, result: Any) -> list[tuple[str, Any]]:
    """Tell which handles a result goes to; what is None goes nowhere."""
    if result is None:
        return []
    named = result if process.named else {"output": result}
    if cls.supports_dynamic_outputs:
        return [(handle, value) for handle, value in named.items() if value is not None]
    if unknown := sorted(set(named) - {handle for handle, _ in process.outputs}):
        raise ValueError(f"{cls.__qualname__} has no output {', '.join(unknown)}")
    return [(handle, value) for handle, value in named.items() if value is not None]
