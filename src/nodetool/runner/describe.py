"""Describes every node type that can be had, by importing it. Runs in a process of its own."""

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import msgspec

from nodetool.protocol.descriptions import Index, NodeDescription, Pack
from nodetool.protocol.errors import ImportFailed
from nodetool.runner.sources import Source, sources, stamps, version
from nodetool.sdk import registry
from nodetool.sdk.describe import BadNode, describe
from nodetool.sdk.node import Node


def index(paths: Sequence[str]) -> Index:
    """Describe the packs of installed packages, and the files *paths*."""
    packs = [_pack(source) for source in sources(metadata.entry_points(group=registry.GROUP), paths)]
    described = msgspec.json.encode([pack.nodes for pack in packs])
    return Index(packs=packs, hash=hashlib.sha256(described).hexdigest())


def _pack(source: Source) -> Pack:
    nodes: list[NodeDescription] = []
    errors: list[str] = []
    code = version(source)
    for name in _modules(source, errors):
        try:
            module = registry.import_module(name, source.path)
            nodes.extend(describe(cls, path=source.path, version=code) for cls in _public(registry.nodes_in(module)))
        except (ImportFailed, BadNode, NameError, TypeError) as error:  # what reading annotations may raise
            errors.append(str(error))
    return Pack(name=source.name, nodes=nodes, error="; ".join(errors) or None, files=stamps(source))


def _modules(source: Source, errors: list[str]) -> list[str]:
    if source.path:
        return [registry.module_name(Path(source.path))]
    try:
        return list(registry.modules_of(source.module))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - this imports the packages around, which may do anything
        errors.append(f"{source.module}: {type(error).__name__}: {error}")
        return []


def _public(classes: list[type[Node]]) -> list[type[Node]]:
    """Leave out bases: classes without a ``process`` that have no role either."""
    return [cls for cls in classes if hasattr(cls, "process") or cls.role != "node"]
