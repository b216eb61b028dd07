"""The short form of a node: a function with types and a docstring."""

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast, get_type_hints, overload

from nodetool.protocol.descriptions import PATH_PREFIX, Runs
from nodetool.sdk.context import Context
from nodetool.sdk.node import Node, NodeType
from nodetool.sdk.retry import Retry

P = ParamSpec("P")

Wrapper = Callable[..., Any]


@overload
def node(function: Callable[Concatenate[Context, P], Any], /) -> Callable[P, Node]: ...
@overload
def node(function: Callable[P, Any], /) -> Callable[P, Node]: ...
@overload
def node(
    *,
    type_name: str | None = None,
    title: str | None = None,
    runs: Runs | None = None,
    checkpoint: bool | None = None,
    timeout: float | None = None,
    retry: Retry | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Node]]: ...
def node(
    function: Callable[..., Any] | None = None,
    /,
    *,
    type_name: str | None = None,
    title: str | None = None,
    runs: Runs | None = None,
    checkpoint: bool | None = None,
    timeout: float | None = None,
    retry: Retry | None = None,
) -> Any:
    """Make a node class of a function: ``@node``, or ``@node(runs="inline")``.

    Its parameters are the inputs; one that is annotated as ``Stream`` is read item by item, ``**others`` takes any
    further input. A ``Context`` comes first. What it returns or yields is the output, its docstring the text that the
    editor shows. The type is the module and the function's name in capitals: ``shout_twice`` is ``ShoutTwice``.

    The name then stands for the class: ``run(shout(text="hi"))`` in a test. The function itself is ``shout.function``.
    """
    given: dict[str, Any] = {
        "type_name": type_name,
        "title": title,
        "runs": runs,
        "checkpoint": checkpoint,
        "timeout": timeout,
    }
    given["retry"] = retry
    if function is None:
        return lambda function: _made(function, given)
    return _made(function, given)


def _made(function: Callable[..., Any], given: dict[str, Any]) -> type[Node]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())
    takes_context = bool(parameters) and hints.get(parameters[0].name) is Context
    fields = parameters[1:] if takes_context else parameters
    called = "".join(word.capitalize() for word in function.__name__.split("_"))
    others = [one.name for one in fields if one.kind is one.VAR_KEYWORD]
    handles = [_checked(function, one, hints) for one in fields if one.kind is not one.VAR_KEYWORD]
    for name in ("timeout", "retry"):
        if given[name] is not None and any(one.name == name for one in handles):
            text = f"the input {name} has the name of the limit; call it something else"
            raise TypeError(f"{function.__qualname__}: {text}")
    namespace: dict[str, Any] = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__annotations__": {one.name: hints[one.name] for one in handles},
        **{one.name: one.default for one in handles if one.default is not one.empty},
        "type_name": f"{function.__module__.removeprefix(PATH_PREFIX)}.{called}",
        **{key: value for key, value in given.items() if value is not None},
        "process": _process(function, [one.name for one in handles], bool(others), takes_context, hints),
        "function": staticmethod(function),
    }
    if others:
        namespace |= {"is_dynamic": True, "dynamic": {}}
        namespace["__annotations__"]["dynamic"] = dict[str, Any]
    return cast(type[Node], NodeType(called, (Node,), namespace))


def _checked(function: Callable[..., Any], one: inspect.Parameter, hints: dict[str, Any]) -> inspect.Parameter:
    if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
        raise TypeError(f"{function.__qualname__}: the input {one.name} has to be given by name")
    if one.name not in hints:
        raise TypeError(f"{function.__qualname__}: the input {one.name} needs a type")
    if hints[one.name] is Context:
        raise TypeError(f"{function.__qualname__}: the Context has to come first")
    return one


def _process(
    function: Callable[..., Any], names: list[str], dynamic: bool, takes_context: bool, hints: dict[str, Any]
) -> Wrapper:
    """Return a method that calls *function* with the fields of its node, and is of the same kind."""

    def called(self: Any, *context: Context) -> Any:
        others = self.dynamic if dynamic else {}
        return function(*context, **{name: getattr(self, name) for name in names}, **others)

    process = _of_kind(function, called)
    own = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("self", "ctx")]
    process.__signature__ = inspect.Signature(own if takes_context else own[:1])  # type: ignore[attr-defined]
    process.__annotations__ = {"return": hints.get("return", Any), **({"ctx": Context} if takes_context else {})}
    return process


def _of_kind(function: Callable[..., Any], called: Wrapper) -> Wrapper:
    if inspect.isasyncgenfunction(function):

        async def each_async(self: Any, *context: Context) -> Any:
            async for item in called(self, *context):
                yield item

        return each_async
    if inspect.isgeneratorfunction(function):

        def each(self: Any, *context: Context) -> Any:
            yield from called(self, *context)

        return each
    if inspect.iscoroutinefunction(function):

        async def awaited(self: Any, *context: Context) -> Any:
            return await called(self, *context)

        return awaited
    return called
