"""Where node classes come from: entry points of installed packages, and files given by path."""

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from nodetool.protocol.descriptions import PATH_PREFIX, is_package, named_by
from nodetool.protocol.errors import ImportFailed
from nodetool.sdk.node import Node

GROUP = "nodetool.nodes"
"""The entry-point group under which a package registers a module, or a package of modules, with node classes."""


def import_module(name: str, path: str | None = None) -> ModuleType:
    """Import a module of nodes by name, or the file *path* under that name.

    Raises:
        ImportFailed: with the module's own message.
    """
    try:
        return _load(name, Path(path).absolute()) if path else importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a module of somebody else's may do anything at import
        raise ImportFailed(f"{name.removeprefix(PATH_PREFIX)}: {type(error).__name__}: {error}") from error


def module_name(path: Path) -> str:
    """Return the name under which the file *path* is imported."""
    return PATH_PREFIX + re.sub(r"\W", "_", named_by(path))


def modules_of(name: str) -> Iterator[str]:
    """Name the modules of a registered module: itself and, if it is a package, those inside; ``_names`` are helpers."""
    yield name
    spec = importlib.util.find_spec(name)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in pkgutil.iter_modules([place]):
            if not found.name.startswith("_"):
                yield f"{name}.{found.name}"


def nodes_in(module: ModuleType) -> list[type[Node]]:
    """Return the node classes that *module* itself defines, in the order they are written; ``_Names`` are bases."""
    found = [
        thing
        for name, thing in vars(module).items()
        if isinstance(thing, type)
        and issubclass(thing, Node)
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    ]
    return list(dict.fromkeys(found))  # a class may go by two names


def find(module: str, qualname: str, path: str | None) -> type[Node]:
    """Return the class that a description names. Raises ImportFailed."""
    found: object = import_module(module, path)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, Node)):
        raise ImportFailed(f"{module.removeprefix(PATH_PREFIX)} has no node {qualname}")
    return found


def _load(name: str, path: Path) -> ModuleType:
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path):
        return loaded
    inside = [str(path.parent)] if is_package(path) else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=inside)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
