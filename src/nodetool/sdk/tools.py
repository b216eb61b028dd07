"""What the nodes of one run may use beside their inputs, each made when a node first asks for it."""

import asyncio
import shutil
from collections.abc import Mapping
from pathlib import Path

from nodetool.protocol.bounds import Bounds
from nodetool.sdk.http import Http
from nodetool.sdk.node import Node
from nodetool.sdk.workspace import Workspace


class SecretMissing(LookupError):
    """A secret that a node needs is not there."""


class UndeclaredSecret(LookupError):
    """A node asks for a secret that its class does not declare."""


class Tools:
    """Shared by the nodes of a run. ``aclose`` it at the run's end."""

    def __init__(
        self, bounds: Bounds, secrets: Mapping[str, str | None] | None = None, *, workspace: str = "workspace"
    ) -> None:
        self._bounds = bounds
        self._secrets = secrets or {}
        self._workspace_name = workspace
        self._http: Http | None = None
        self._workspace: Workspace | None = None

    def secret(self, name: str, cls: type[Node]) -> str:
        """Return a secret for a node of *cls*. Raises SecretMissing, UndeclaredSecret."""
        if name not in cls.secrets:
            raise UndeclaredSecret(f'{cls.__qualname__} does not declare the secret {name}: secrets = ("{name}",)')
        value = self._secrets.get(name)
        if value is not None:
            return value
        if name in self._secrets:
            raise SecretMissing(f"the secret {name} was sealed with a key that the server does not have; {_how(name)}")
        raise SecretMissing(f"the secret {name} is not set; {_how(name)}")

    @property
    def http(self) -> Http:
        if self._http is None:
            self._http = Http(self._bounds)
        return self._http

    @property
    def workspace(self) -> Workspace:
        """The folder of the run, made now if it is not there. May be asked for in a thread."""
        if self._workspace is None:
            folder = Path(self._bounds.workspaces, self._workspace_name)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._workspace = Workspace(folder)
        return self._workspace

    async def aclose(self) -> None:
        """Let go of what was made: connections are closed, files removed."""
        if self._http:
            await self._http.aclose()
        if self._workspace:
            await asyncio.to_thread(shutil.rmtree, self._workspace.folder, ignore_errors=True)


def _how(name: str) -> str:
    return f"set it with nodetool secrets set {name}, or PUT /api/settings/secrets/{name}"
