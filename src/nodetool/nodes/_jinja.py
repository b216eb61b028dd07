"""Jinja as Format Text uses it: sandboxed, nothing escaped, and not particular about upper and lower case.

Imported at the first firing that needs it: Jinja takes longer to import than all the nodes.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.runtime import Context as Names
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

BROKEN = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError)
"""What a template can raise that is the template's own fault."""


def render(template: str, values: Mapping[str, Any]) -> str:
    """Fill *template* with *values*. Raises ValueError with what is wrong and where."""
    try:
        return _compiled(template).render({**{name.lower(): value for name, value in values.items()}, **values})
    except TemplateSyntaxError as error:
        raise ValueError(f"template: line {error.lineno}: {error.message}") from error
    except UndefinedError as error:
        given = ", ".join(values) or "nothing"
        raise ValueError(f"template: {error.message} (given: {given})") from error
    except BROKEN as error:
        raise ValueError(f"template: {error}") from error


class AnyCase(Names):
    """Finds a name as it is written, else in lower case: ``{{ TITLE }}`` finds what came in as ``title``."""

    def resolve_or_missing(self, key: str) -> Any:
        found = super().resolve_or_missing(key)
        return super().resolve_or_missing(key.lower()) if found is missing else found


class Missing(StrictUndefined):
    """Printing it is an error, since it is a misspelt name; asking whether it is there is not."""

    __slots__ = ()

    def __bool__(self) -> bool:  # type: ignore[override]
        return False


class Environment(ImmutableSandboxedEnvironment):
    """No loader, so nothing can be included; no underscore attributes; no changes to values of other nodes."""

    context_class = AnyCase


ENVIRONMENT = Environment(undefined=Missing, autoescape=False)


@lru_cache(maxsize=128)
def _compiled(template: str) -> Template:
    return ENVIRONMENT.from_string(template)
