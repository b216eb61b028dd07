"""The node types that there are, without opening a home: light, for the commands that only look."""

from pathlib import Path

from nodetool.config import Config
from nodetool.graph.catalogue import Catalogue
from nodetool.runner.index import load_index


async def catalogue(config: Config) -> Catalogue:
    """Return the node types that there are. Raises ImportFailed."""
    return Catalogue(await load_index(index_file(config), config.nodes))


def index_file(config: Config) -> Path:
    """Return where the node types are described: kept in the home, since that takes longer than most runs."""
    config.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return config.index
