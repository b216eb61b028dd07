"""Everything a deployment may change, read once at the top: from the environment, then from the command line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_type_hints

import msgspec

from nodetool.protocol.errors import InvalidRequest

PREFIX = "NODETOOL_"

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class InvalidSetting(InvalidRequest):
    """A setting has a value that it cannot have."""

    code = "invalid_setting"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings. Each is also ``NODETOOL_`` and its name in capitals; lists are separated by commas."""

    host: str = "127.0.0.1"
    """Where to listen. Another than a loopback address needs ``insecure`` until tokens are there."""
    port: int = 8000
    home: Path = Path("~/.nodetool")
    """The folder that holds all that the server writes."""
    nodes: tuple[str, ...] = ()
    """Files with nodes of one's own, beside the installed packs."""
    runners: int | None = None
    """How many cores runs may count on (default: all). 0 runs everything in the server's own process."""
    sync: Literal["full", "normal"] = "full"
    """``full``: what was promised survives a power cut; ``normal``: a killed process only, and faster."""
    auth_provider: Literal["none", "local"] = "local"
    """Who is asking. Both know one user, on this machine only."""
    allow_origin: tuple[str, ...] = ()
    """Further origins of pages that may call; ``null`` for pages opened from disk."""
    allow_host: tuple[str, ...] = ()
    """Further names by which the server may be called."""
    insecure: bool = False
    """Listen beyond this machine although nobody is asked for a token."""
    max_result: int = 16 << 20
    """Bytes of a run's result."""
    max_body: int = 16 << 20
    """Bytes of a request's body, and of a frame on a socket."""
    max_nodes: int = 20_000
    """Nodes of a graph."""
    max_edges: int = 60_000
    """Edges of a graph."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def read(cls, env: Mapping[str, str], given: Mapping[str, Any]) -> Self:
        """Read the settings; what is *given* (and is not None) goes before the environment.

        Raises:
            InvalidSetting: names the setting that is wrong.
        """
        lists = {name for name, hint in get_type_hints(cls).items() if hint == tuple[str, ...]}
        values: dict[str, Any] = {
            name: _items(text) if name in lists else text
            for name in cls.__struct_fields__
            if (text := env.get(PREFIX + name.upper()))
        }
        values.update({name: value for name, value in given.items() if value is not None})
        try:
            config = msgspec.convert(values, cls, strict=False, dec_hook=_path)
        except msgspec.ValidationError as error:
            raise InvalidSetting(_named(str(error))) from error
        _check(config)
        return config

    @property
    def folder(self) -> Path:
        """The home, with ``~`` expanded."""
        return self.home.expanduser().absolute()


def _check(config: Config) -> None:
    if config.host not in LOOPBACK and not config.insecure:
        raise InvalidSetting(f"host {config.host}: beyond this machine anybody could run workflows; see --insecure")
    if not 0 <= config.port <= 65535:
        raise InvalidSetting(f"port {config.port}: a port is 0 to 65535")
    for path in config.nodes:
        if not Path(path).is_file():
            raise InvalidSetting(f"nodes {path}: there is no such file")


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError(f"expected a path, got {type(value).__name__}")


def _named(message: str) -> str:
    """Put the name of the setting in front: ``port: Expected int``."""
    what, _, path = message.partition(" - at ")
    name = path.strip("`").removeprefix("$").removeprefix(".")
    return f"{name}: {what}" if name else what
