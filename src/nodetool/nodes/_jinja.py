"""Jinja as Format Text uses it: in a box, with a clock, escaping nothing, and finding names in any case.

Imported at the first firing that needs it: Jinja takes longer to import than all the nodes. A template cannot be
stopped from outside, so it looks at its clock itself: at each pass of a loop, each call, filter and operator. No single
step of it may make something large (``_bounds``), nor all of them together.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context as Names
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from nodetool.nodes import _bounds
from nodetool.nodes._time import Clock, OutOfTime
from nodetool.sdk import BadInput

BROKEN = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, AttributeError)
"""What a template can raise that is the template's own fault."""

LONG = 5_000
"""Characters of a template from which on it is not even tried in the loop: to compile it takes long."""

MAX_LENGTH = 1_000_000
MAX_TAGS = 20_000
"""What a template may have of characters, and of places that are filled, conditions and the like."""

MAX_MADE = 50_000_000
"""Characters and items that all steps of a template together may make."""


class NoValue(BadInput):
    """A name has no value."""


def render(template: str, values: Mapping[str, Any], clock: Clock) -> str:
    """Fill *template* with *values*.

    Raises:
        BadInput: with what is wrong, and where.
        OutOfTime: there is no more time on the *clock*.
    """
    names = {**{name.lower(): value for name, value in values.items()}, **values}
    try:
        return _in_the_box(template, "template", names, clock)[0]
    except NoValue as error:
        raise BadInput("template", f"{error.__cause__} (given: {', '.join(values) or 'nothing'})") from error


def holds(condition: str, values: Mapping[str, Any], clock: Clock) -> bool:
    """Say whether an expression is true for *values*. Raises as ``render`` does, and NoValue."""
    return bool(_in_the_box(f"{{% set held = {condition} %}}", "condition", values, clock)[1].vars["held"])


def _in_the_box(source: str, handle: str, values: Mapping[str, Any], clock: Clock) -> "tuple[str, Inside]":
    """Return what a template writes, and its variables in the end."""
    if len(source) > MAX_LENGTH or source.count("{{") + source.count("{%") > MAX_TAGS:
        raise BadInput(handle, f"has more than {MAX_LENGTH} characters or {MAX_TAGS} places")
    if len(source) > LONG and clock.is_short:
        raise OutOfTime
    try:
        template = _compiled(source)
        inside: Any = template.new_context(dict(values))
        inside.clock = clock
        return OPEN.concat(template.root_render_func(inside)), inside
    except TemplateSyntaxError as error:
        raise BadInput(handle, f"line {error.lineno}: {error.message}") from error
    except UndefinedError as error:
        raise NoValue(handle, str(error)) from error
    except BROKEN as error:
        raise BadInput(handle, str(error)) from error
    except MemoryError:
        raise BadInput(handle, "needs more memory than there is") from None


class Inside(Names):
    """The names of a template at work, and what it has used up.

    A name is found as it is written, else in lower case: ``{{ TITLE }}`` finds what came in as ``title``.
    """

    clock = Clock()
    made = 0

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return super().resolve_or_missing(key.lower()) if found is missing else found

    def derived(self, locals: "dict[str, Any] | None" = None) -> "Inside":
        """Return the names of a block, which have the same clock."""
        inside: Any = super().derived(locals)
        inside.clock = self.clock
        return inside  # type: ignore[no-any-return]

    def spend(self, made: Any) -> Any:
        """Return what a step has made, if that was not too much."""
        self.clock.tick()
        if isinstance(made, str | list | tuple | bytes):
            _bounds.check(len(made))
            self.made += len(made)
            _bounds.check(self.made, MAX_MADE)
        return made


class Missing(StrictUndefined):
    """Printing it is an error, since it is a misspelt name; asking whether it is there is not."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class Generator(CodeGenerator):
    """Makes a template tell of each pass of a loop, and of each ``~``."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        node.body.insert(0, nodes.ExprStmt(nodes.ContextReference(), lineno=node.lineno))
        super().visit_For(node, frame)

    def visit_ExprStmt(self, node: nodes.ExprStmt, _: Frame) -> None:  # noqa: N802
        """Write the statement that ``visit_For`` put in: no tag makes any other."""
        self.writeline("context.clock.tick()", node)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802
        together = nodes.EnvironmentAttribute("together", lineno=node.lineno)
        self.visit_Call(nodes.Call(together, node.nodes, [], None, None, lineno=node.lineno), frame)


class Environment(ImmutableSandboxedEnvironment):
    """No loader, so nothing can be included; no underscore attributes; no changes to values of other nodes."""

    context_class = Inside
    code_generator_class = Generator
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(undefined=Missing, autoescape=False)
        del self.globals["lipsum"]

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        arguments = _bounds.call(function, args)
        return context.spend(super().call(context, function, *arguments, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        _bounds.operate(operator, left, right)
        return context.spend(super().call_binop(context, operator, left, right))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, int | float | bytes | bytearray | memoryview):
            return False
        if isinstance(obj, str) and attr in ("encode", "maketrans", "translate"):
            return False
        return super().is_safe_attribute(obj, attr, value)

    @staticmethod
    def together(*parts: Any) -> str:
        """Join what stands between ``~``."""
        texts = [str(part) for part in parts]
        _bounds.check(sum(map(len, texts)))
        return "".join(texts)

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Join what a template, a macro or a block has written."""
        texts, size = [], 0
        for part in parts:
            texts.append(part)
            size += len(part)
            _bounds.check(size)
        return "".join(texts)


def _guarded(name: str) -> Any:
    function = PLAIN.filters[name]

    @pass_context
    def guarded(context: Any, value: Any, *arguments: Any, **named: Any) -> Any:
        _bounds.filtered(name, value, arguments, named)
        return context.spend(function(value, *arguments, **named))

    @pass_context
    def guarded_with_names(context: Any, value: Any, *arguments: Any, **named: Any) -> Any:
        _bounds.filtered(name, value, arguments, named)
        return context.spend(PLAIN.call_filter(name, value, arguments, named, context, context.eval_ctx))

    return guarded_with_names if hasattr(function, "jinja_pass_arg") else guarded


PLAIN = Environment()
"""Has Jinja's own filters."""

OPEN = Environment()
OPEN.filters = {name: _guarded(name) for name in PLAIN.filters}


@lru_cache(maxsize=128)
def _compiled(template: str) -> Template:
    return OPEN.from_string(template)
