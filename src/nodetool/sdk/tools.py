"""What the nodes of one run may use beside their inputs, each made when a node first asks for it."""

from nodetool.protocol.bounds import Bounds
from nodetool.sdk.http import Http


class Tools:
    """Shared by the nodes of a run. ``aclose`` it at the run's end."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._http: Http | None = None

    @property
    def http(self) -> Http:
        if self._http is None:
            self._http = Http(self._bounds)
        return self._http

    async def aclose(self) -> None:
        """Let go of what was made."""
        if self._http:
            await self._http.aclose()
