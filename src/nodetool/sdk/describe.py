"""From a node class to its description: the only place that reads annotations."""

import collections.abc
import datetime
import enum
import inspect
import math
import re
import types
import typing
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

from nodetool.protocol.descriptions import (
    PATH_PREFIX,
    RUNS,
    TOUCHES,
    Calls,
    NodeDescription,
    Output,
    Property,
    Runs,
    Touch,
    TypeMetadata,
)
from nodetool.protocol.ids import is_secret_name
from nodetool.protocol.values import Unsendable, plain
from nodetool.sdk.context import Context
from nodetool.sdk.node import Node
from nodetool.sdk.retry import Retry
from nodetool.sdk.stream import Stream

NAMES: dict[Any, str] = {
    Any: "any",
    object: "any",
    type(None): "none",
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    bytes: "bytes",
    list: "list",
    dict: "dict",
    tuple: "tuple",
    set: "list",
    datetime.datetime: "datetime",
    datetime.date: "date",
}

GENERATORS = (
    collections.abc.AsyncIterator,
    collections.abc.AsyncGenerator,
    collections.abc.AsyncIterable,
    collections.abc.Iterator,
    collections.abc.Generator,
    collections.abc.Iterable,
)

UNIONS = (typing.Union, types.UnionType)


class BadNode(TypeError):
    """A node class that cannot be used as it is written; the text says what to change."""


class Process(NamedTuple):
    """How ``process`` is called, and what comes out of it."""

    is_async: bool
    yields: bool
    takes_context: bool
    named: bool
    """It hands over a mapping of handle to value."""
    outputs: tuple[tuple[str, Any], ...]
    """Out-handles and their annotations."""


def describe(cls: type[Node], *, path: str | None = None, version: str = "") -> NodeDescription:
    """Return what the server has to know of *cls*, whose code is of this *version*. Raises BadNode."""
    try:
        return _described(cls, path, version)
    except NameError as error:
        hint = "its annotations have to name what exists at run time"
        raise BadNode(f"{cls.__qualname__}: {error}; {hint}") from error


def _described(cls: type[Node], path: str | None, version: str) -> NodeDescription:
    process = process_of(cls)
    sets_up(cls)
    _check_checkpoint(cls)
    name = type_name(cls)
    return NodeDescription(
        node_type=name,
        title=cls.__dict__.get("title") or _words(cls.__name__),
        description=inspect.cleandoc(cls.__doc__ or ""),
        namespace=name.rpartition(".")[0],
        role=cls.role,
        runs=runs_of(cls, process),
        yields=process.yields,
        checkpoint=cls.checkpoint,
        timeout=timeout_of(cls),
        attempts=retry.attempts if (retry := retry_of(cls)) else 1,
        is_dynamic=cls.is_dynamic,
        supports_dynamic_outputs=cls.supports_dynamic_outputs,
        properties=_properties(cls),
        outputs=[Output(name=handle, type=metadata(kind), stream=process.yields) for handle, kind in process.outputs],
        basic_fields=getattr(cls, "basic_fields", None) or [field.name for field in fields(cls)],
        touches=touches_of(cls),
        secrets=secrets_of(cls),
        calls=calls_of(cls),
        gives=cls.gives,
        module=cls.__module__,
        qualname=cls.__qualname__,
        path=path,
        version=version,
    )


def type_name(cls: type[Node]) -> str:
    """Return the type as workflows write it."""
    given = cls.__dict__.get("type_name")
    return given or f"{cls.__module__.removeprefix(PATH_PREFIX)}.{cls.__qualname__}"


def runs_of(cls: type[Node], process: Process) -> Runs:
    """Return how the work of *cls* behaves: as declared, else by the kind of its ``process``."""
    declared: Runs | None = getattr(cls, "runs", None)
    if declared not in (None, *RUNS):
        raise BadNode(f"{cls.__qualname__}.runs is {declared!r}; it has to be one of {', '.join(RUNS)}")
    return declared or ("async" if process.is_async else "blocking")


def timeout_of(cls: type[Node]) -> float:
    """Return how many seconds a firing may take, 0 for any. An input that is called ``timeout`` says nothing of it."""
    if "timeout" in cls.__struct_fields__:
        return 0.0
    given: Any = getattr(cls, "timeout", 0.0)
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < math.inf:
        raise BadNode(f"{cls.__qualname__}.timeout is {given!r}; it has to be a number of seconds, or 0 for no limit")
    return float(given)


def retry_of(cls: type[Node]) -> Retry | None:
    """Return how often a firing is tried, None for once. Raises BadNode."""
    if "retry" in cls.__struct_fields__:
        return None
    declared: Any = cls.retry
    if declared is not None and not isinstance(declared, Retry):
        raise BadNode(f"{cls.__qualname__}.retry is {declared!r}; it has to be a Retry, as Retry(attempts=3)")
    if declared and (streams := sorted(streams_of(cls))):
        raise BadNode(f"{cls.__qualname__}.retry: it reads the stream {streams[0]} itself, which it cannot do twice")
    return declared


def sets_up(cls: type[Node]) -> bool:
    """Say whether *cls* is set up before its nodes fire. Raises BadNode."""
    for name in ("setup", "teardown"):
        function = getattr(cls, name, None)
        is_field = name in cls.__struct_fields__
        if function is not None and not is_field and not inspect.ismethod(function):
            raise BadNode(f"{cls.__qualname__}.{name} has to be a classmethod: what it keeps belongs to the class")
    return hasattr(cls, "setup") and "setup" not in cls.__struct_fields__


def _check_checkpoint(cls: type[Node]) -> None:
    if not cls.checkpoint:
        return
    if not hasattr(cls, "process"):
        raise BadNode(f"{cls.__qualname__}.checkpoint: there is no process whose outputs could be kept")
    if streams := sorted(streams_of(cls)):
        text = f"it reads the stream {streams[0]} itself, so its inputs are not known when it fires; collect them first"
        raise BadNode(f"{cls.__qualname__}.checkpoint: {text}")


def touches_of(cls: type[Node]) -> list[Touch]:
    """Return what *cls* does to the machine. Raises BadNode."""
    declared: Any = cls.touches
    if not isinstance(declared, tuple) or not set(declared) <= set(TOUCHES):
        raise BadNode(f'{cls.__qualname__}.touches has to be a tuple of {" and ".join(TOUCHES)}, as ("host",)')
    return list(declared)


def secrets_of(cls: type[Node]) -> list[str]:
    """Return the secrets that *cls* declares. Raises BadNode."""
    declared: Any = cls.secrets
    if isinstance(declared, str) or not all(isinstance(name, str) and is_secret_name(name) for name in declared):
        raise BadNode(f'{cls.__qualname__}.secrets has to be a tuple of names, as ("API_KEY",)')
    return list(declared)


def calls_of(cls: type[Node]) -> Calls | None:
    """Return how *cls* calls a workflow. Raises BadNode."""
    declared: Calls | None = cls.calls
    if declared is None:
        return None
    if declared not in get_args(Calls):
        raise BadNode(f"{cls.__qualname__}.calls is {declared!r}; it has to be one of {', '.join(get_args(Calls))}")
    if get_type_hints(cls).get("workflow_id") is not str:
        raise BadNode(f'{cls.__qualname__} calls a workflow, so it needs a field workflow_id: str = ""')
    if not (cls.is_dynamic and cls.supports_dynamic_outputs):
        raise BadNode(f"{cls.__qualname__} calls a workflow, so it is_dynamic and supports_dynamic_outputs")
    return declared


def fields(cls: type[Node]) -> list[msgspec.structs.FieldInfo]:
    """Return the fields that are handles: all but the one that receives dynamic values."""
    return [field for field in msgspec.structs.fields(cls) if not (cls.is_dynamic and field.name == "dynamic")]


def streams_of(cls: type[Node]) -> dict[str, Any]:
    """Return the handles that *cls* reads itself, and the annotations of their items."""
    hints = get_type_hints(cls)
    return {name: _stream_item(hint) for name, hint in hints.items() if get_origin(hint) is Stream or hint is Stream}


def process_of(cls: type[Node]) -> Process:
    """Read the signature of ``process``. Raises BadNode."""
    function = getattr(cls, "process", None)
    if function is None:
        return Process(False, False, False, False, _outputs_without_process(cls))
    yields = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    is_async = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
    result = get_type_hints(function, include_extras=False).get("return", Any)
    if yields:
        result = _item_of(cls, result)
    if streams_of(cls) and not is_async:
        raise BadNode(f"{cls.__qualname__} reads a stream, so its process has to be async")
    named, outputs = (True, _named(result)) if cls.supports_dynamic_outputs else _outputs(result)
    return Process(is_async, yields, _takes_context(cls, function), named, outputs)


def metadata(hint: Any) -> TypeMetadata:
    """Return an annotation as clients read it. What has no name there is ``object``."""
    hint = _bare(hint)
    origin, args = get_origin(hint), get_args(hint)
    if origin in UNIONS:
        return _union(args)
    if origin is Literal:
        return TypeMetadata(type="enum", values=list(args))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        name = f"{hint.__module__}.{hint.__qualname__}"
        return TypeMetadata(type="enum", values=[member.value for member in hint], type_name=name)
    base = NAMES.get(origin or hint) or _tag(hint)
    if base is None:
        return TypeMetadata(type="dict" if is_typeddict(hint) else "object")
    return TypeMetadata(type=base, type_args=[metadata(arg) for arg in args if arg is not Ellipsis])


def _tag(hint: Any) -> str | None:
    """Return the name that the values of a Struct say in their field ``type``: chunk, color …"""
    config = hint.__struct_config__ if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None
    return config.tag if config and config.tag_field == "type" and isinstance(config.tag, str) else None


def _union(args: tuple[Any, ...]) -> TypeMetadata:
    members = [metadata(arg) for arg in args if arg is not type(None)]
    optional = len(members) < len(args)
    if len(members) == 1:
        return msgspec.structs.replace(members[0], optional=optional)
    return TypeMetadata(type="union", optional=optional, type_args=members)


def _properties(cls: type[Node]) -> list[Property]:
    if cls.is_dynamic and "dynamic" not in cls.__struct_fields__:
        raise BadNode(f"{cls.__qualname__} is dynamic, so it needs a field dynamic: dict[str, Any] = {{}}")
    hints = get_type_hints(cls, include_extras=True)
    return [_property(cls, field, hints[field.name]) for field in fields(cls)]


def _property(cls: type[Node], field: msgspec.structs.FieldInfo, hint: Any) -> Property:
    limits = next((extra for extra in _extras(hint) if isinstance(extra, msgspec.Meta)), msgspec.Meta())
    is_stream = get_origin(_bare(hint)) is Stream
    return Property(
        name=field.name,
        type=metadata(_stream_item(_bare(hint)) if is_stream else hint),
        default=None if field.required or is_stream else _default(cls, field),
        title=limits.title or field.name.replace("_", " ").title(),
        description=limits.description,
        min=limits.ge if limits.ge is not None else limits.gt,
        max=limits.le if limits.le is not None else limits.lt,
        json_schema_extra=limits.extra_json_schema,
        required=field.required and not is_stream,
        stream=is_stream,
    )


def _default(cls: type[Node], field: msgspec.structs.FieldInfo) -> Any:
    factory: Any = field.default_factory
    try:
        return plain(field.default if field.default is not msgspec.NODEFAULT else factory())
    except Unsendable as error:
        raise BadNode(f"{cls.__qualname__}.{field.name} needs a default that JSON can show: {error}") from error


def _outputs(result: Any) -> tuple[bool, tuple[tuple[str, Any], ...]]:
    if result is None or result is type(None):
        return False, ()
    result = _without_none(result)
    if is_typeddict(result):
        return True, tuple(get_type_hints(result).items())
    return False, (("output", result),)


def _named(result: Any) -> tuple[tuple[str, Any], ...]:
    """Return the out-handles that a node has beside those that its document names."""
    result = _without_none(result)
    return tuple(get_type_hints(result).items()) if is_typeddict(result) else ()


def _without_none(hint: Any) -> Any:
    """What may be None sends nothing then, so it has the outputs of the rest."""
    rest = [arg for arg in get_args(hint) if arg is not type(None)]
    return rest[0] if get_origin(hint) in UNIONS and len(rest) == 1 else hint


def _outputs_without_process(cls: type[Node]) -> tuple[tuple[str, Any], ...]:
    """Input and output nodes hand their value on; previews and notes have no outputs."""
    if cls.role in ("input", "output"):
        return (("output", get_type_hints(cls).get("value", Any)),)
    if cls.role in ("preview", "note"):
        return ()
    raise BadNode(f"{cls.__qualname__} has no process")


def _takes_context(cls: type[Node], function: Any) -> bool:
    parameters = list(inspect.signature(function).parameters)[1:]
    if not parameters:
        return False
    hint = get_type_hints(function).get(parameters[0])
    if len(parameters) > 1 or hint is not Context:
        raise BadNode(f"{cls.__qualname__}.process may take self and a Context only; inputs are fields of the class")
    return True


def _item_of(cls: type[Node], result: Any) -> Any:
    if result is Any:
        return Any
    if get_origin(result) not in GENERATORS:
        raise BadNode(f"{cls.__qualname__}.process yields, so it has to return an Iterator or AsyncIterator")
    return get_args(result)[0]


def _stream_item(hint: Any) -> Any:
    return (get_args(hint) or (Any,))[0]


def _bare(hint: Any) -> Any:
    while get_origin(hint) is typing.Annotated:
        hint = get_args(hint)[0]
    return hint


def _extras(hint: Any) -> tuple[Any, ...]:
    """What is said beside a type, also beside a member of a union."""
    if get_origin(hint) in UNIONS:
        return tuple(extra for arg in get_args(hint) for extra in _extras(arg))
    return get_args(hint)[1:] if get_origin(hint) is typing.Annotated else ()


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
