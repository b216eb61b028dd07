"""What /openapi.json says. Written by hand beside the routes, as these take their requests as they are."""

from nodetool.server.options import Options
from nodetool.server.requests import Request
from nodetool.server.responses import Answer
from nodetool.server.routes import Route


class Description:
    def __init__(self, routes: list[Route], options: Options) -> None: ...
    async def read(self, _: Request) -> Answer:
        return Answer(b"{}")
