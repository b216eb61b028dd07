"""A stream is read where its node left off."""

from nodetool.sdk import Stream


async def test_items_come_in_order() -> None:
    assert [item async for item in Stream.of("abc")] == ["a", "b", "c"]


async def test_reading_goes_on_after_a_stop() -> None:
    stream = Stream.of([1, 2, 3])

    async for first in stream:
        assert first == 1
        break

    assert [item async for item in stream] == [2, 3]
