"""Every operation is guarded by what it expects to find; one that loses changes nothing."""

import msgspec
import pytest

from nodetool.storage.keys import LAST_SEQ
from nodetool.storage.port import Append, Begin, Cancel, Done, First, JobRow, Kept, Op, Outcome, Refused
from nodetool.storage.sqlite import Store
from tests.storage.helpers import HASH, accept, append, batch, checkpoint, delete, end, job_id, requeue, save

DONE = Done()


async def do(store: Store, *ops: Op) -> list[Outcome]:
    return await store.writer.append(ops)


async def row(store: Store, no: int = 1) -> JobRow:
    found = await store.reader.job(job_id(no))
    assert found is not None
    return found


async def test_a_new_job_is_stored_as_given_with_its_row_as_first_event(store: Store) -> None:
    assert await do(store, accept(1, status="queued", started_us=None, params=b'{"a":1}')) == [DONE]

    assert await row(store) == JobRow(
        no=1,
        id=job_id(1),
        user="1",
        workflow_id="w",
        graph_hash=HASH,
        status="queued",
        attempt=1,
        last_seq=1,
        cancel_requested=False,
        failures=0,
        params=b'{"a":1}',
        error=None,
        created_us=1,
        started_us=None,
        finished_us=None,
    )


async def test_an_id_that_is_taken_is_refused(store: Store) -> None:
    taken = accept(2, id=job_id(1), user="2", graph=b"{}")

    assert await do(store, accept(1), taken) == [DONE, Refused("conflict")]
    assert (await row(store)).user == "1"
    assert await store.reader.graph(HASH) is None


async def test_a_graph_is_pinned_once(store: Store) -> None:
    await do(store, accept(1, graph=b"first"), accept(2, graph=b"second"), accept(3))

    assert await store.reader.graph(HASH) == b"first"


async def test_a_job_may_be_stored_with_all_that_its_run_told(store: Store) -> None:
    then = end(1, 2, 3, status="failed", error="why")
    assert await do(store, First(accept=accept(1, graph=b"{}"), then=then)) == [DONE]

    found = await row(store)
    assert (found.status, found.last_seq, found.error, found.finished_us) == ("failed", 4, "why", 9)
    (stored,) = await store.reader.events(1, 0, limit=9, max_bytes=999)
    assert (stored.first_seq, stored.count, stored.data) == (2, 3, batch(2, 3))
    assert await store.reader.graph(HASH) == b"{}"
    assert await do(store, append(1, 5)) == [Refused("ended")]


async def test_what_does_not_follow_an_accept_is_not_stored_with_it(store: Store) -> None:
    await do(store, accept(2))
    ops = [
        First(accept=accept(1), then=append(1, 3)),
        First(accept=accept(1), then=append(1, 2, attempt=2)),
        First(accept=accept(1), then=msgspec.structs.replace(append(1, 2), count=LAST_SEQ - 1)),
        First(accept=accept(3, id=job_id(2)), then=end(3, 2)),
    ]

    assert [outcome.reason for outcome in await do(store, *ops) if isinstance(outcome, Refused)] == [
        "stale",
        "stale",
        "too_many",
        "conflict",
    ]
    assert await store.reader.job(job_id(1)) is None
    assert await store.reader.events(3, 0, limit=9, max_bytes=999) == []


async def test_a_queued_job_begins_once(store: Store) -> None:
    begin = Begin(no=1, attempt=1, started_us=5)

    outcomes = await do(store, accept(1, status="queued", started_us=None), begin, begin)

    assert outcomes == [DONE, DONE, Refused("stale")]
    assert (await row(store)).started_us == 5


async def test_a_job_with_a_recorded_cancel_does_not_begin(store: Store) -> None:
    outcomes = await do(store, accept(1, status="queued"), Cancel(no=1), Begin(no=1, attempt=1, started_us=5))

    assert outcomes == [DONE, DONE, Refused("cancelled")]


async def test_events_go_on_where_the_log_ends(store: Store) -> None:
    outcomes = await do(store, accept(1), append(1, 2, 3), append(1, 2), append(1, 6), append(1, 5))

    assert outcomes == [DONE, DONE, Refused("stale"), Refused("stale"), DONE]
    assert (await row(store)).last_seq == 5


async def test_events_of_another_attempt_are_refused(store: Store) -> None:
    begin = Begin(no=1, attempt=2, started_us=1)
    outcomes = await do(store, accept(1), requeue(1, 2), begin, append(1, 3), append(1, 3, attempt=2))

    assert outcomes == [DONE, DONE, DONE, Refused("stale"), DONE]


async def test_nothing_of_an_attempt_is_stored_before_its_start(store: Store) -> None:
    begin = Begin(no=1, attempt=1, started_us=1)
    outcomes = await do(store, accept(1, status="queued"), append(1, 2), requeue(1, 2), begin, append(1, 2))

    assert outcomes == [DONE, Refused("stale"), Refused("stale"), DONE, DONE]


async def test_events_of_a_cancelled_job_are_stored_until_it_ends(store: Store) -> None:
    assert await do(store, accept(1), Cancel(no=1), append(1, 2)) == [DONE, DONE, DONE]


async def test_a_job_that_is_not_there_refuses_everything(store: Store) -> None:
    ops: list[Op] = [append(1, 2), Begin(no=1, attempt=1, started_us=1), requeue(1, 2), Cancel(no=1), end(1, 2)]
    ops.append(checkpoint(1))

    assert await do(store, *ops) == [Refused("missing")] * len(ops)


async def test_requeue_queues_the_next_attempt_with_one_event(store: Store) -> None:
    await do(store, accept(1), append(1, 2, 3), requeue(1, 5))

    found = await row(store)
    assert (found.status, found.attempt, found.last_seq, found.started_us) == ("queued", 2, 5, 1)
    assert await store.reader.last_event(1) == batch(5, 1)


async def test_the_start_of_a_later_attempt_is_not_the_start_of_the_job(store: Store) -> None:
    await do(store, accept(1), requeue(1, 2), Begin(no=1, attempt=2, started_us=99))

    assert (await row(store)).started_us == 1


async def test_a_job_with_a_recorded_cancel_is_not_queued_again(store: Store) -> None:
    assert await do(store, accept(1), Cancel(no=1), requeue(1, 2)) == [DONE, DONE, Refused("cancelled")]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_a_job_ends_once(store: Store, status: str) -> None:
    outcomes = await do(store, accept(1), end(1, 2, 3, status=status, error="e"), end(1, 5, status="failed"))

    assert outcomes == [DONE, DONE, Refused("ended")]
    found = await row(store)
    assert (found.status, found.last_seq, found.error, found.finished_us) == (status, 4, "e", 9)


async def test_nothing_follows_the_end(store: Store) -> None:
    ops: list[Op] = [append(1, 3), Begin(no=1, attempt=1, started_us=1), requeue(1, 3), Cancel(no=1), end(1, 3)]

    outcomes = await do(store, accept(1), end(1, 2), *ops)

    assert outcomes[2:] == [Refused("ended")] * len(ops)
    assert not (await row(store)).cancel_requested


async def test_a_stale_end_is_refused(store: Store) -> None:
    outcomes = await do(store, accept(1), end(1, 3), end(1, 1), end(1, 2, attempt=2), end(1, 2))

    assert outcomes[1:] == [Refused("stale")] * 3 + [DONE]


async def test_a_recorded_cancel_leaves_one_way_to_end(store: Store) -> None:
    outcomes = await do(store, accept(1), Cancel(no=1), Cancel(no=1), end(1, 2), end(1, 2, status="cancelled"))

    assert outcomes == [DONE, DONE, DONE, Refused("cancelled"), DONE]


async def test_a_stale_end_of_a_cancelled_job_is_called_stale(store: Store) -> None:
    """So ``cancelled`` tells the supervisor that the same end will do with another status."""
    assert (await do(store, accept(1), Cancel(no=1), end(1, 3)))[2] == Refused("stale")


async def test_a_job_may_be_cancelled_without_a_record(store: Store) -> None:
    assert (await do(store, accept(1), end(1, 2, status="cancelled")))[1] == DONE
    assert not (await row(store)).cancel_requested


async def test_a_queued_job_is_cancelled_in_one(store: Store) -> None:
    cancel = end(1, 2, status="cancelled", records_cancel=True)

    assert await do(store, accept(1, status="queued"), cancel) == [DONE, DONE]
    found = await row(store)
    assert (found.status, found.cancel_requested) == ("cancelled", True)


async def test_recording_a_cancel_while_ending_otherwise_is_refused(store: Store) -> None:
    assert (await do(store, accept(1), end(1, 2, records_cancel=True)))[1] != DONE
    assert (await row(store)).finished_us is None


async def test_a_checkpoint_is_kept_over_attempts_and_goes_with_the_end(store: Store) -> None:
    await do(store, accept(1), checkpoint(1, b"a"), checkpoint(1, b"b"), requeue(1, 2))
    again = checkpoint(1, b"b", b"\x91\x01", attempt=2)

    assert await do(store, checkpoint(1, b"c"), again) == [Refused("stale"), DONE]
    assert await store.reader.checkpoints(1) == [Kept(b"a", 1, b"\x90"), Kept(b"b", 2, b"\x91\x01")]

    assert await do(store, end(1, 3, attempt=2, drops_checkpoints=True)) == [DONE]
    assert await do(store, checkpoint(1, attempt=2)) == [Refused("ended")]
    assert await store.reader.checkpoints(1) == []


async def test_an_end_that_loses_takes_no_checkpoint_along(store: Store) -> None:
    await do(store, accept(1), checkpoint(1), accept(2), checkpoint(2), end(2, 9, drops_checkpoints=True))
    await do(store, end(1, 2, drops_checkpoints=True))

    assert await store.reader.checkpoints(1) == []
    assert await store.reader.checkpoints(2) == [Kept(b"k", 1, b"\x90")]


async def test_a_batch_beyond_the_last_number_is_refused_and_the_end_still_fits(store: Store) -> None:
    def huge(first_seq: int, count: int) -> Append:
        return Append(no=1, attempt=1, first_seq=first_seq, count=count, flags=0, data=b"")

    outcomes = await do(store, accept(1), huge(2, LAST_SEQ - 1), huge(2, LAST_SEQ - 2), huge(LAST_SEQ, 1))
    assert outcomes == [DONE, Refused("too_many"), DONE, Refused("too_many")]

    assert await do(store, requeue(1, LAST_SEQ), end(1, LAST_SEQ, 2)) == [Refused("too_many")] * 2
    assert await do(store, end(1, LAST_SEQ)) == [DONE]
    assert (await row(store)).last_seq == LAST_SEQ


async def test_a_job_next_door_is_not_touched(store: Store) -> None:
    await do(store, accept(1), accept(2), append(2, 2))
    before = await row(store, 2)

    await do(store, append(1, 2), Cancel(no=1), end(1, 3, status="cancelled"))

    assert await row(store, 2) == before


async def test_a_workflow_is_stored_and_replaced_in_its_place(store: Store) -> None:
    await do(store, save("a"), save("b"), save("a", document=b'{"x":1}', etag="e2", now_us=7))

    found = await store.reader.workflow("a")
    assert found is not None
    assert (found.document, found.etag, found.created_us, found.updated_us) == (b'{"x":1}', "e2", 1, 7)
    page = await store.reader.workflows("1", limit=9, cursor="", max_bytes=999)
    assert [one.id for one in page.rows] == ["b", "a"]


@pytest.mark.parametrize(
    ("if_match", "outcome"),
    [(None, DONE), ("*", DONE), ("e1", DONE), ("e0", Refused("mismatch"))],
)
async def test_a_condition_on_the_stored_document(store: Store, if_match: str | None, outcome: Outcome) -> None:
    await do(store, save("a"))

    assert await do(store, save("a", if_match=if_match)) == [outcome]
    assert await do(store, delete("a", if_match=if_match)) == [outcome]


@pytest.mark.parametrize("if_match", ["*", "e1"])
async def test_a_condition_on_a_document_that_is_not_there(store: Store, if_match: str) -> None:
    assert await do(store, save("a", if_match=if_match)) == [Refused("mismatch")]
    assert await do(store, delete("a", if_match=if_match)) == [Refused("missing")]


async def test_another_users_workflow_is_neither_replaced_nor_there_to_be_deleted(store: Store) -> None:
    await do(store, save("a"))

    outcomes = await do(store, save("a", user="2", if_match="e1"), delete("a", user="2", if_match="e0"))

    assert outcomes == [Refused("foreign"), Refused("missing")]
    assert await store.reader.workflow("a") is not None


async def test_a_deleted_workflow_is_gone(store: Store) -> None:
    assert await do(store, save("a"), delete("a"), delete("a")) == [DONE, DONE, Refused("missing")]
    assert await store.reader.workflow("a") is None
