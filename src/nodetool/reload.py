"""Picks up packs of nodes that change while the server runs: new runs get the new code, runs under way keep the old."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from nodetool.config import Config
from nodetool.graph.catalogue import Catalogue
from nodetool.protocol.descriptions import Pack
from nodetool.protocol.errors import ImportFailed, MissingExtra
from nodetool.runner.index import load_index

if TYPE_CHECKING:
    from watchfiles import Change

_log = structlog.get_logger()


async def changed(config: Config, catalogue: Catalogue) -> AsyncIterator[Catalogue]:
    """Yield the node types anew each time that they have changed, beginning with *catalogue*.

    A pack that does not import any more is among them with its error.

    Raises:
        MissingExtra: what watches files is not installed.
    """
    try:
        from watchfiles import awatch
    except ImportError as error:
        raise MissingExtra("--reload needs: pip install 'nodetool[reload]'") from error

    folders = _folders(catalogue.packs, config.nodes)
    async for _ in awatch(*folders, watch_filter=_is_python, recursive=False, step=100, ignore_permission_denied=True):
        try:
            index = await load_index(config.index, config.nodes)
        except ImportFailed as error:
            _log.error("nodes.not_reloaded", error=error.detail)
            continue
        if index.packs != catalogue.packs:
            before, catalogue = catalogue, catalogue.renewed(index)
            _tell(before.packs, catalogue.packs)
            yield catalogue


def _tell(before: Iterable[Pack], after: Iterable[Pack]) -> None:
    """Say in a line for each pack that has changed how many types it has, or why it cannot be had."""
    known = {pack.name: pack for pack in before}
    for pack in after:
        if pack.error and pack != known.get(pack.name):
            _log.warning("nodes.broken", pack=pack.name, types=len(pack.nodes), error=pack.error)
        elif pack != known.get(pack.name):
            _log.info("nodes.reloaded", pack=pack.name, types=len(pack.nodes))


def _folders(packs: Iterable[Pack], given: Iterable[str]) -> set[Path]:
    """Return where the files of packs lie; a file that is given and not there yet may come."""
    files = [*(Path(path) for pack in packs for path, _, _ in pack.files), *(Path(path).resolve() for path in given)]
    return {file.parent for file in files if file.parent.is_dir()}


def _is_python(_: "Change", path: str) -> bool:
    return path.endswith(".py")
