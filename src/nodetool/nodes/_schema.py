"""JSON Schema as Validate JSON uses it. Imported at the first firing that needs it."""

import re
from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

NOWHERE: Registry[Any] = Registry()
"""Knows no other schema. Without it, the library fetches the URL of a reference from wherever it points."""


def fits(data: Any, schema: dict[str, Any]) -> bool:
    """Say whether *data* is valid. Raises ValueError if the *schema* is not."""
    validator = validator_for(schema, default=Draft202012Validator)
    try:
        validator.check_schema(schema)
        return bool(validator(schema, registry=NOWHERE).is_valid(data))
    except SchemaError as error:
        raise ValueError(f"json_schema: {error.message}") from error
    except Unresolvable as error:
        raise ValueError(f"json_schema: the reference {error.ref!r} is not in the schema") from error
    except re.error as error:
        raise ValueError(f"json_schema: the pattern {error.pattern!r} is not valid: {error}") from error
    except RecursionError:
        raise ValueError("json_schema: refers to itself without end") from None
