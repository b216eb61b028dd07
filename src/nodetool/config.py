"""Everything a deployment may change, read once at the top: from the environment, then from the command line."""

import hashlib
import ipaddress
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from nodetool.protocol.bounds import networks
from nodetool.protocol.errors import NodetoolError

PREFIX = "NODETOOL_"

ALIASES = {
    "auth_provider": "AUTH_PROVIDER",
    "auth_cache_ttl": "AUTH_CACHE_TTL",
    "auth_cache_max": "AUTH_CACHE_MAX",
    "worker_auth_token": "WORKER_AUTH_TOKEN",
    "supabase_url": "SUPABASE_URL",
    "supabase_jwt_secret": "SUPABASE_JWT_SECRET",
    "secrets_master_key": "SECRETS_MASTER_KEY",
}
"""Variables that people have set for NodeTool, without the prefix; one with it goes before."""

WORKER: Mapping[str, Any] = {
    "host": "0.0.0.0",  # noqa: S104 - it asks everybody for a token
    "auth_provider": "static",
    "user_rate": 50.0,
    "address_rate": 100.0,
    "max_connections": 200,
    "max_user_jobs": 1000,
    "audit": True,
}
"""What is another default where a server is for a network."""

SECRET_BYTES = 32
"""Of a shared secret: a shorter one can be guessed from a token that it signed."""

PRIVATE = ("worker_auth_token", "supabase_jwt_secret", "secrets_master_key")
"""Settings whose variables no process of ours hands on."""

KEY_LENGTH = 32
"""Characters that a key has at least."""

MIB = 1024 * 1024

DAY = 24 * 3600


AT_LEAST_0 = (
    "max_wait",
    "retention_days",
    "retention_jobs",
    "auth_cache_ttl",
    "auth_cache_max",
    "user_rate",
    "address_rate",
    "max_connections",
    "max_user_jobs",
    "head_timeout",
    "body_timeout",
)


class InvalidSetting(NodetoolError):
    """A setting has a value that it cannot have."""

    code = "invalid_setting"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings. Each is also ``NODETOOL_`` and its name in capitals; lists are separated by commas.

    docs/settings.md describes them to those who set them.
    """

    host: str = "127.0.0.1"
    """Where to listen. Another than a loopback address needs a provider that asks for tokens, or ``insecure``."""
    port: int = 8000
    """0 takes any free port."""
    home: Path = Path("~/.nodetool")
    """The folder that holds all that the server writes."""
    nodes: tuple[str, ...] = ()
    """Files with nodes of one's own, beside the installed packs."""
    runners: int | None = None
    """How many cores runs may count on (default: all). 0 runs everything in the server's own process."""
    sync: Literal["full", "normal"] = "full"
    """``full``: what was promised survives a power cut; ``normal``: a killed process only, and faster."""
    auth_provider: Literal["none", "local", "static", "supabase"] = "local"
    """Who is asking. ``none`` and ``local`` know one user, on this machine only; the others ask for a token."""
    worker_auth_token: str = ""
    """The token of ``static``. Without it, the one in ``deployment.yaml``, which is made if need be."""
    supabase_url: str = ""
    """The project whose users ``supabase`` lets in."""
    supabase_jwt_secret: str = ""
    """The secret that an older project signs its tokens with."""
    supabase_audience: str = "authenticated"
    """Whom the tokens of the project are for."""
    auth_cache_ttl: float = 60.0
    """Seconds that a token of ``supabase`` is not checked again once it was found good."""
    auth_cache_max: int = 2000
    """Tokens that are known without a look."""
    allow_origin: tuple[str, ...] = ()
    """Further origins of pages that may call; ``null`` for pages opened from disk."""
    allow_host: tuple[str, ...] = ()
    """Further names by which the server may be called."""
    insecure: bool = False
    """Listen beyond this machine although nobody is asked for a token."""
    allow_graphs: bool = False
    """Run graphs that are sent along on the worker too."""
    trust_proxy: tuple[str, ...] = ()
    """Addresses of proxies that are believed about where they were called from."""
    user_rate: float = 0.0
    """Requests and commands a second of a user; 0 is no limit."""
    address_rate: float = 0.0
    """Requests a second from an address; 0 is no limit."""
    max_connections: int = 0
    """Connections from an address; 0 is no limit."""
    max_user_jobs: int = 0
    """Jobs of a user that wait or run; 0 is no limit."""
    head_timeout: float = 10.0
    """Seconds for the head of a request."""
    body_timeout: float = 30.0
    """Seconds in which at least 64 KiB of a body, or its end, must come."""
    audit: bool = False
    """Log a line about who ran, changed or deleted what."""
    allow_nodes: tuple[str, ...] = ()
    """Types of nodes that touch the machine and may run on the worker all the same; ``lib.os.*`` for a family."""
    secrets_master_key: str = ""
    """Keys that seal secrets, separated by commas, the first one new ones; without any the home has a file of them."""
    allow_private_hosts: tuple[str, ...] = ()
    """Private addresses and networks that nodes may reach, ``10.0.0.0/8``; ``*`` for all."""
    http_timeout: float = 60.0
    """Seconds that one request of a node may take."""
    http_max_size: int = 64
    """MiB of an answer to a node."""
    max_result: int = 16 * MIB
    """Bytes of a run's result."""
    max_body: int = 16 * MIB
    """Bytes of a request's body, and of a frame on a socket."""
    max_wait: float = 0.0
    """Seconds that a run is waited for; then the answer is 202, with where to look. 0 waits for the end."""
    retention_days: float = 30.0
    """Days that a job is kept after its end. 0 keeps it for ever."""
    retention_jobs: int = 100_000
    """So many jobs that have ended are kept; the oldest go first. 0 keeps all."""
    max_blob: int = 1024
    """MiB of a stored file."""
    max_nodes: int = 20_000
    """Nodes of a graph."""
    max_edges: int = 60_000
    """Edges of a graph."""
    job_timeout: float = 0.0
    """Seconds that one attempt of a job may take; 0 is no limit."""
    node_timeout: float = 0.0
    input_timeout: float = 0.0
    """Seconds that one firing of a node may take; 0 is no limit."""
    max_attempts: int = 3
    """How often a job is started that ends badly by its own fault."""
    max_queue: int = 100_000
    """Jobs that wait for a runner; further ones are refused with 429. 0 is no limit."""
    max_events: int = 10_000_000
    """Events of a job; beyond it fails."""
    memory_per_runner: int = 0
    """MiB that a runner may have in memory; one that has more is killed. 0 is no limit."""
    recycle: int = 100_000
    """Runs after which a runner is replaced by a fresh one; 0 is never."""
    stall: float = 10.0
    """Seconds that a node may keep the loop it shares with other runs; then its runner is killed. 0 is no limit."""
    drain: float = 30.0
    """Seconds that runs may go on after a SIGTERM; what has not ended then runs again at the next start."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Log lines from this level on."""

    @classmethod
    def read(cls, env: Mapping[str, str], given: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Self:
        """Read the settings; what is *given* (and is not None) goes before the environment, *defaults* behind it.

        Raises:
            InvalidSetting: names the setting that is wrong.
        """
        hints = get_type_hints(cls)
        values = {name: _read(name, hints[name], env, given) for name in cls.__struct_fields__}
        config = cls(**{**(defaults or {}), **{name: value for name, value in values.items() if value is not None}})
        _check(config)
        return config

    @property
    def asks_nobody(self) -> bool:
        """Whoever reaches the server is let in."""
        return self.auth_provider in ("none", "local")

    @property
    def folder(self) -> Path:
        """The home, with ``~`` expanded."""
        return self.home.expanduser().absolute()

    @property
    def master_keys(self) -> list[str]:
        """The keys of ``secrets_master_key``, the one that seals first."""
        return [key.strip() for key in self.secrets_master_key.split(",") if key.strip()]

    @property
    def workspaces(self) -> Path:
        """The folder in the home with the files of runs that are under way."""
        return self.folder / "workspaces"

    @property
    def index(self) -> Path:
        """The file in the home with the descriptions of node types; with files of one's own it is another one.

        Else a command with ``--nodes`` and a server without would make the same file again for each other.
        """
        paths = "\n".join(str(Path(path).absolute()) for path in self.nodes)
        return self.folder / (f"nodes-{hashlib.sha256(paths.encode()).hexdigest()[:8]}.json" if paths else "nodes.json")


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def variables(name: str) -> tuple[str, ...]:
    """Return all variables of a setting; the first that is set counts."""
    return (variable(name), ALIASES[name]) if name in ALIASES else (variable(name),)


def _read(name: str, hint: Any, env: Mapping[str, str], given: Mapping[str, Any]) -> Any:
    """Return the value of one setting, None where its default counts. An empty variable is none."""
    value, place = given.get(name), name
    if value is None:
        place = next((known for known in variables(name) if env.get(known)), variable(name))
        value = env.get(place) or None
        if value is not None and get_origin(hint) is tuple:
            value = [item.strip() for item in value.split(",") if item.strip()]
    try:
        return None if value is None else msgspec.convert(value, hint, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise InvalidSetting(f"{place}: expected {_expected(hint)}") from error


def _expected(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    known = {bool: "true or false", int: "a whole number", int | None: "a whole number", float: "a number"}
    return known.get(hint, "text")


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError(f"expected a path, got {type(value).__name__}")


def _check_seconds(**limits: float) -> None:
    for name, seconds in limits.items():
        if not 0 <= seconds < math.inf:
            raise InvalidSetting(f"{name} {seconds:g}: a number of seconds, or 0 for no limit")


def _check(config: Config) -> None:
    if not is_loopback(config.host) and config.asks_nobody and not config.insecure:
        raise InvalidSetting(
            f"host {config.host}: beyond this machine anybody could run workflows; --auth-provider static asks for a "
            "token, --insecure does not"
        )
    if config.auth_provider == "supabase":
        _check_supabase(config)
    if not 0 <= config.port <= 65535:
        raise InvalidSetting(f"port {config.port}: a port is 0 to 65535")
    if config.runners is not None and config.runners < 0:
        raise InvalidSetting(f"runners {config.runners}: there cannot be less than 0")
    for name in ("max_result", "max_body", "max_nodes", "max_edges", "max_blob", "http_max_size"):
        if getattr(config, name) < 1:
            raise InvalidSetting(f"{name} {getattr(config, name)}: a limit is at least 1")
    for name in AT_LEAST_0:
        if not getattr(config, name) >= 0:
            raise InvalidSetting(f"{name} {getattr(config, name)}: there cannot be less than 0")
    _check_seconds(node_timeout=config.node_timeout, input_timeout=config.input_timeout)
    for path in config.nodes:
        if not Path(path).is_file():
            raise InvalidSetting(f"nodes {path}: there is no such file")
    _check_reach(config)


def _check_reach(config: Config) -> None:
    """Check the settings that are about what nodes touch."""
    if not 0 < config.http_timeout <= DAY:
        raise InvalidSetting(f"http_timeout {config.http_timeout:g}: a request gets some seconds, and a day at most")
    try:
        networks(config.allow_private_hosts)
    except ValueError as error:
        raise InvalidSetting(f"allow_private_hosts: {error}; an address is 10.0.0.7, a network 10.0.0.0/8") from error
    if any(len(key) < KEY_LENGTH for key in config.master_keys):
        raise InvalidSetting(f"{ALIASES['secrets_master_key']}: a key has {KEY_LENGTH} characters at least")


def _check_supabase(config: Config) -> None:
    url, secret = config.supabase_url, config.supabase_jwt_secret
    if not url and not secret:
        raise InvalidSetting("auth_provider supabase: SUPABASE_URL names the project; it is missing")
    parts = urlsplit(url)
    if url and not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        raise InvalidSetting("supabase_url: expected an address that begins with https://")
    if secret and len(secret.encode()) < SECRET_BYTES:
        raise InvalidSetting(f"supabase_jwt_secret: a secret has at least {SECRET_BYTES} bytes")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach *host*. A name other than ``localhost`` may be anything."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
