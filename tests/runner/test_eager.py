"""Work begins at once, and goes on as a task would."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from nodetool.runner.eager import eagerly


def begin(work: Callable[[], Awaitable[None]], heard: list[str]) -> "asyncio.Task[None] | None":
    async def run() -> None:
        heard.append("began")
        await work()
        heard.append("ended")

    return eagerly(run(), asyncio.get_running_loop())


async def nothing() -> None:
    pass


async def test_what_does_not_wait_is_over_at_once() -> None:
    heard: list[str] = []

    assert begin(nothing, heard) is None
    assert heard == ["began", "ended"]


@pytest.mark.parametrize("turns", [1, 2, 5])
async def test_what_waits_goes_on_as_a_task(turns: int) -> None:
    heard: list[str] = []

    async def wait() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)

    task = begin(wait, heard)
    assert heard == ["began"]
    assert task
    await task

    assert heard == ["began", "ended"]


async def test_a_cancel_reaches_it_where_it_waits() -> None:
    heard: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            heard.append("cancelled")
            await asyncio.sleep(0)
            raise

    task = begin(wait, heard)
    assert task
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert heard == ["began", "cancelled"]


async def test_it_may_make_tasks_before_it_waits_and_enter_a_timeout_after() -> None:
    heard: list[str] = []

    async def wait() -> None:
        await asyncio.create_task(nothing())
        async with asyncio.timeout(5):
            await asyncio.sleep(0)

    task = begin(wait, heard)
    assert task
    await task

    assert heard == ["began", "ended"]


async def test_an_error_is_the_task_s() -> None:
    async def wait() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    task = begin(wait, [])
    assert task
    with pytest.raises(ValueError, match="no"):
        await task
