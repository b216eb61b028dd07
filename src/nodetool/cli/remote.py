"""A server that a command asks, over its API."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from nodetool.cli.exits import REFUSALS
from nodetool.cli.holder import Document
from nodetool.cli.source import WrongUsage
from nodetool.client import Client, ClientError, Refused
from nodetool.protocol.errors import NodetoolError
from nodetool.protocol.events import AnyEvent, Status


class ServerRefused(NodetoolError):
    """The server refused, or could not be asked."""

    code = "server_refused"


class ServerPrunes(NodetoolError):
    """A server has these jobs and deletes old ones by itself, every hour; see --retention-days."""

    code = "server_prunes"


@asynccontextmanager
async def on_server(url: str, token: str | None, prefix: str) -> AsyncIterator["Server"]:
    """Ask the server at *url*. What it refuses is an error of ours. Raises WrongUsage: this is no URL."""
    try:
        client = Client(url, token, prefix=prefix)
    except ValueError as error:
        raise WrongUsage(str(error)) from error
    try:
        async with client:
            yield Server(client)
    except ClientError as error:
        raise told(error) from error


def told(error: ClientError) -> NodetoolError:
    """Return the error of ours that ends a command as the same one without a server would."""
    if not isinstance(error, Refused):
        return ServerRefused(str(error))
    if error.status == 401:
        return ServerRefused(f"{error.detail.rstrip('.')}: a command sends the token of --token or NODETOOL_TOKEN")
    if error.status == 404 and error.detail.startswith("no route"):
        return ServerRefused(f'{error.detail}: the prefix of a worker is --prefix "", that of the Editor API /api')
    kind = next((kind for kind in REFUSALS if kind.code == error.code), ServerRefused)
    return kind(error.detail, errors=error.errors)


class Server:
    """See ``Holder``."""

    runs = True

    def __init__(self, client: Client) -> None:
        self._client = client

    async def jobs(self, *, workflow_id: str | None, status: Status | None, limit: int, cursor: str) -> Document:
        return await self._client.jobs(workflow_id=workflow_id, status=status, limit=limit, cursor=cursor)

    async def job(self, id: str) -> Document:
        return await self._client.job(id).read()

    async def events(self, id: str, after: int = 0) -> AsyncGenerator[AnyEvent, None]:
        async with aclosing(self._client.job(id).events(after)) as events:
            async for event in events:
                yield event

    async def profile(self, id: str) -> Document:
        return await self._client.job(id).profile()

    async def cancel(self, id: str) -> Document:
        try:
            return await self._client.job(id).cancel()
        except ClientError as error:  # others may be cancelled after this one
            raise told(error) from error

    async def retry(self, id: str) -> str:
        return (await self._client.job(id).retry()).id

    async def prune(self) -> int:
        raise ServerPrunes

    async def workflows(self, *columns: str) -> list[Document]:
        return await self._client.workflows(*columns)

    async def workflow(self, id: str) -> Document:
        return await self._client.workflow(id)

    async def save(self, document: Document) -> Document:
        return await self._client.save(document)

    async def delete(self, id: str) -> None:
        await self._client.delete(id)
