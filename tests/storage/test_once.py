"""A request with a key starts one job, however often it comes."""

import asyncio

import pytest

from nodetool.storage.port import KEPT_US, Done, Once, Outcome, Refused
from nodetool.storage.sqlite import Store
from tests.storage.helpers import HASH, accept, job_id

DONE = Done()
ONCE = Once(key="k", route="POST /run", body=b"hash")


async def ask(store: Store, no: int, once: Once = ONCE, *, user: str = "1", at_us: int = 1) -> Outcome:
    (outcome,) = await store.writer.append([accept(no, user=user, once=once, created_us=at_us, graph=b"{}")])
    return outcome


async def test_the_second_is_refused_with_the_job_of_the_first(store: Store) -> None:
    assert await ask(store, 1) == DONE
    assert await ask(store, 2) == Refused("repeated", job_id(1))
    assert await store.reader.job(job_id(2)) is None
    assert await store.reader.graph(HASH) == b"{}"


async def test_the_same_key_with_another_body_is_told_apart(store: Store) -> None:
    await ask(store, 1)

    assert await ask(store, 2, Once(key="k", route=ONCE.route, body=b"other")) == Refused("reused", job_id(1))


@pytest.mark.parametrize(
    ("once", "user"),
    [
        (Once(key="K", route=ONCE.route, body=ONCE.body), "1"),
        (Once(key="k", route="POST /jobs", body=ONCE.body), "1"),
        (ONCE, "2"),
    ],
    ids=["another key", "another route", "another user"],
)
async def test_a_key_belongs_to_a_user_and_a_route(store: Store, once: Once, user: str) -> None:
    await ask(store, 1)

    assert await ask(store, 2, once, user=user) == DONE


async def test_of_those_in_one_transaction_the_first_wins(full_store: Store) -> None:
    outcomes = await asyncio.gather(*[ask(full_store, no) for no in range(1, 6)])

    assert outcomes == [DONE, *[Refused("repeated", job_id(1))] * 4]


async def test_a_key_goes_before_an_id_that_is_taken(store: Store) -> None:
    await ask(store, 1)
    again = accept(2, id=job_id(1), once=ONCE)
    other = accept(3, id=job_id(1), once=Once(key="other", route=ONCE.route, body=b""))

    assert await store.writer.append([again, other]) == [Refused("repeated", job_id(1)), Refused("conflict")]


async def test_an_accept_that_is_refused_leaves_its_key_free(store: Store) -> None:
    await store.writer.append([accept(1)])
    await store.writer.append([accept(2, id=job_id(1), once=ONCE)])

    assert await ask(store, 3) == DONE


async def test_a_key_is_known_for_a_day(store: Store) -> None:
    await ask(store, 1, at_us=1000)

    assert await ask(store, 2, at_us=1000 + KEPT_US - 1) == Refused("repeated", job_id(1))
    assert await ask(store, 3, at_us=1000 + KEPT_US) == DONE
    assert await ask(store, 4, at_us=1000 + KEPT_US) == Refused("repeated", job_id(3))


async def test_a_reader_tells_what_the_writer_would(store: Store) -> None:
    assert await store.reader.repeated("1", ONCE, since_us=0) is None
    await ask(store, 1, at_us=1000)

    assert await store.reader.repeated("1", ONCE, since_us=999) == Refused("repeated", job_id(1))
    assert await store.reader.repeated("1", ONCE, since_us=1000) is None
    assert await store.reader.repeated("2", ONCE, since_us=0) is None
    other = Once(key="k", route=ONCE.route, body=b"other")
    assert await store.reader.repeated("1", other, since_us=0) == Refused("reused", job_id(1))
