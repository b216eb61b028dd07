import asyncio

from tests.server.live import Live
from tests.server.talk import talking


async def shown(server: Live, **expected: int) -> None:
    """Return once these connections are shown as open."""
    lines = sorted(f"{kind} {count}" for kind, count in expected.items())
    async with asyncio.timeout(5):
        while sorted((await server.http.get("/metrics")).text.splitlines()) != lines:
            await asyncio.sleep(0.01)


async def test_connections_are_counted_by_kind_while_they_are_open(editor: Live) -> None:
    run = "/api/workflows/wf/run"
    waiting = [asyncio.create_task(editor.http.post(run)) for _ in range(2)]
    async with talking(editor.socket_url), editor.http.stream("POST", f"{run}/stream"):
        async with editor.http.stream("POST", f"{run}?stream=true"):
            await shown(editor, socket=1, stream=2, waiting=2)
        await shown(editor, socket=1, stream=1, waiting=2)
    for job in editor.jobs.all.values():
        job.complete()
    await asyncio.gather(*waiting)

    await shown(editor, socket=0, stream=0, waiting=0)
