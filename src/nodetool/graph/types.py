"""May a value of one type travel to a handle of another? What is known before a run, and how types are spelled."""

from nodetool.protocol.descriptions import ANY, TypeMetadata

SPELLED_VALUES = 6
"""How many members of an enum a message shows."""


def fits(source: TypeMetadata, target: TypeMetadata) -> bool:
    """Say whether an edge may join an out-handle of type *source* to an in-handle of type *target*.

    ``any`` goes with everything, ``int`` and ``float`` with each other. A union source needs one member that fits, and
    into another union all of them. Else the names are the same, and so are arguments and members.
    """
    if source.type == "any" or target.type == "any":
        return True
    if source.type == "union" or target.type == "union":
        return _unions_fit(source, target)
    if source.type == "none":
        return target.optional or target.type == "none"
    if source.type != target.type:
        return source.type in _NUMBERS and target.type in _NUMBERS
    if source.type == "enum":
        return _enums_fit(source, target)
    return _arguments_fit(source, target)


_NUMBERS = frozenset({"int", "float"})


def _unions_fit(source: TypeMetadata, target: TypeMetadata) -> bool:
    if source.type != "union":
        return any(fits(source, member) for member in target.type_args)
    if target.type != "union":
        return any(fits(member, target) for member in source.type_args)
    return all(any(fits(one, other) for other in target.type_args) for one in source.type_args)


def _enums_fit(source: TypeMetadata, target: TypeMetadata) -> bool:
    if source.values is None or target.values is None:
        return True
    return set(source.values) == set(target.values)


def _arguments_fit(source: TypeMetadata, target: TypeMetadata) -> bool:
    """Arguments that are not given are ``any``."""
    if not source.type_args or not target.type_args:
        return True
    if len(source.type_args) != len(target.type_args):
        return False
    return all(map(fits, source.type_args, target.type_args))


def item_of(type: TypeMetadata) -> TypeMetadata:
    """Return the type of the items of a list, or of the values of a dict."""
    return type.type_args[-1] if type.type_args else ANY


def spell(type: TypeMetadata) -> str:
    """Return *type* as messages show it: ``list[str]``, ``int | str``, ``enum(a|b)``."""
    if type.type == "union":
        return " | ".join(spell(member) for member in type.type_args)
    if type.type == "enum" and type.values is not None:
        return f"enum({_spell_values(type.values)})"
    if type.type_args:
        return f"{type.type}[{', '.join(spell(argument) for argument in type.type_args)}]"
    return type.type


def _spell_values(values: list[str | int]) -> str:
    shown = [str(value) for value in values[:SPELLED_VALUES]]
    return "|".join([*shown, "…"] if len(values) > SPELLED_VALUES else shown)
