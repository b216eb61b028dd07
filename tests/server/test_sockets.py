import asyncio
import gc
import json
from typing import Any

import msgspec
import pytest

from nodetool.protocol.errors import Fault, HasFindings, QueueFull, StorageFailed, StorageFull
from nodetool.server.connections import LINGER, SocketConnection
from tests.server.fakes import FakeJob
from tests.server.live import Live, live
from tests.server.talk import talking
from tests.server.test_runs import echo, until


async def test_the_guide_sends_run_cancel_and_status_back_to_back(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.send("run_job", type="run_job_request", workflow_id="wf", params={})
        await talk.send("cancel_job")
        await talk.send("get_status")
        heard = [await talk.hear() for _ in range(5)]

    id = editor.jobs.newest.id
    replies = [frame for frame in heard if "seq" not in frame]
    assert replies == [
        {"message": "Job started", "command": "run_job", "job_id": id, "workflow_id": "wf"},
        {
            "message": "Job cancellation requested",
            "command": "cancel_job",
            "job_id": id,
            "workflow_id": "wf",
            "status": "cancelled",
        },
        {
            "command": "get_status",
            "job_id": id,
            "workflow_id": "wf",
            "status": "cancelled",
            "attempt": 1,
            "last_seq": 2,
            "active_jobs": [],
        },
    ]
    assert [frame["status"] for frame in heard if "seq" in frame] == ["queued", "cancelled"]


@pytest.mark.parametrize("path", ["/predict", "/ws"])
async def test_a_run_is_its_reply_and_then_an_event_a_frame(editor: Live, path: str) -> None:
    editor.jobs.script = echo
    async with talking(f"ws://127.0.0.1:{editor.port}{path}") as talk:
        reply = await talk.ask("run_job", request_id="r1", workflow_id="wf", params={"text": "hi", "data": b"\x00"})
        events = await talk.until_end()

    assert reply["request_id"] == "r1"
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[-1]["result"] == {"text": "hi", "data": b"\x00"}


async def test_every_frame_is_binary_until_the_mode_is_text(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.socket.send('{"command": "run_job", "data": {"workflow_id": "wf"}}')
        assert isinstance(await talk.socket.recv(), bytes)
        assert isinstance(await talk.socket.recv(), bytes)
        await talk.send("set_mode", mode="text")
        reply = await talk.socket.recv()
        editor.jobs.newest.say("grüße")
        event = await talk.socket.recv()
        await talk.send("nonsense")
        refusal = await talk.socket.recv()
        await talk.send("set_mode", mode="binary")
        assert isinstance(await talk.socket.recv(), bytes)

    assert json.loads(reply) == {"message": "Mode set to text", "command": "set_mode"}
    assert isinstance(event, str)
    assert event.isascii()
    assert json.loads(event)["content"] == "grüße"
    assert json.loads(refusal)["code"] == "unknown_command"


@pytest.mark.parametrize(
    ("frame", "reply"),
    [
        ({"command": "ping"}, {"type": "pong"}),
        ({"command": "ping", "request_id": 7}, {"type": "pong", "request_id": 7}),
        ({"type": "ping"}, {"type": "pong"}),
        ({"type": "ping", "ts": 3, "request_id": "x"}, {"type": "pong", "request_id": "x"}),
        ({"command": "clear_models"}, {"message": "Unused models cleared", "command": "clear_models"}),
        ({"command": "get_status"}, {"command": "get_status", "active_jobs": []}),
        (
            {"command": "get_status", "data": {"job_id": "nope"}},
            {"command": "get_status", "job_id": "nope", "status": "not_found"},
        ),
    ],
    ids=str,
)
async def test_replies(editor: Live, frame: Any, reply: Any) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.socket.send(json.dumps(frame))
        as_text = await talk.hear()
        await talk.socket.send(msgspec.msgpack.encode(frame))
        as_binary = await talk.hear()

    assert as_text == as_binary == reply


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("frame", "code", "command"),
    [
        (b"\xc1", "invalid_frame", None),
        (b"", "invalid_frame", None),
        ("", "invalid_frame", None),
        ("{", "invalid_frame", None),
        ("[" * 1000, "invalid_frame", None),
        (b"\x91" * 5000 + b"\x00", "invalid_frame", None),
        ("3", "invalid_frame", None),
        (msgspec.msgpack.encode([1, 2]), "invalid_frame", None),
        ('{"data": {}}', "invalid_frame", None),
        ('{"command": null}', "invalid_frame", None),
        ('{"command": "dance"}', "unknown_command", None),
        ('{"command": 3}', "unknown_command", None),
        ('{"command": ["run_job"]}', "unknown_command", None),
        ('{"command": "set_mode"}', "invalid_request", "set_mode"),
        ('{"command": "set_mode", "data": {"mode": "loud"}}', "invalid_request", "set_mode"),
        ('{"command": "run_job", "data": 3}', "invalid_request", "run_job"),
        ('{"command": "run_job", "data": {"params": [1]}}', "invalid_request", "run_job"),
        ('{"command": "run_job"}', "invalid_request", "run_job"),
        ('{"command": "run_job", "data": {"workflow_id": "nope"}}', "not_found", "run_job"),
        ('{"command": "cancel_job"}', "invalid_request", "cancel_job"),
        ('{"command": "cancel_job", "data": {"job_id": "nope"}}', "not_found", "cancel_job"),
        ('{"command": "reconnect_job"}', "invalid_request", "reconnect_job"),
        ('{"command": "reconnect_job", "data": {"job_id": "nope"}}', "not_found", "reconnect_job"),
        ('{"command": "reconnect_job", "data": {"job_id": "x", "after": "1"}}', "invalid_request", "reconnect_job"),
        ('{"command": "stream_input", "data": {"input": "a"}}', "invalid_request", "stream_input"),
        ('{"command": "end_input_stream"}', "invalid_request", "end_input_stream"),
        ('{"command": "stream_input", "data": {"job_id": "nope", "input": "a"}}', "not_found", "stream_input"),
        ('{"command": "end_input_stream", "data": {"handle": "x"}}', "not_streaming", "end_input_stream"),
        (
            msgspec.msgpack.encode({"command": "run_job", "data": {"workflow_id": "wf", "params": {"a": deep(80)}}}),
            "invalid_request",
            "run_job",
        ),
        (
            msgspec.msgpack.encode(
                {"command": "run_job", "data": {"workflow_id": "wf", "params": {"a": msgspec.msgpack.Ext(5, b"x")}}}
            ),
            "invalid_request",
            "run_job",
        ),
        (
            msgspec.msgpack.encode(
                {"command": "run_job", "data": {"graph": {"nodes": [msgspec.msgpack.Ext(5, b"x")]}}}
            ),
            "invalid_graph",
            "run_job",
        ),
        (
            msgspec.msgpack.encode({"command": "run_job", "data": {"graph": {"nodes": deep(80)}}}),
            "invalid_json",
            "run_job",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_a_frame_that_cannot_be_taken_is_answered_and_the_socket_stays_open(
    editor: Live, frame: str | bytes, code: str, command: str | None
) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.socket.send(frame)
        refusal = await talk.hear()
        pong = await talk.ask("ping")

    assert (refusal["type"], refusal["code"], refusal.get("command")) == ("error", code, command)
    assert refusal["error"]
    assert pong == {"type": "pong"}
    assert not editor.jobs.all


async def test_a_refusal_names_the_field_and_the_request(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.socket.send('{"command": "set_mode", "request_id": 4, "data": {"mode": 1}}')
        refusal = await talk.hear()

    assert refusal["request_id"] == 4
    assert [fault["field"] for fault in refusal["errors"]] == ["$.data.mode"]


async def test_frames_with_a_type_and_no_command_are_ignored(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.socket.send('{"type": "client_tools_manifest", "tools": []}')

        assert await talk.ask("ping") == {"type": "pong"}


@pytest.mark.parametrize(
    "error",
    [HasFindings(errors=[Fault(code="cycle", node_id="n", message="a cycle")]), QueueFull()],
    ids=lambda error: type(error).__name__,
)
async def test_a_run_that_cannot_start_is_refused_with_all_that_is_wrong(editor: Live, error: Any) -> None:
    editor.jobs.refuse = error
    async with talking(editor.socket_url) as talk:
        refusal = await talk.ask("run_job", workflow_id="wf")

    assert (refusal["type"], refusal["code"], refusal["error"]) == ("error", error.code, error.detail)
    assert len(refusal.get("errors", [])) == len(error.errors)


async def test_replies_leave_in_the_order_of_their_commands_while_an_accept_is_on_its_way(editor: Live) -> None:
    editor.jobs.script = lambda job: job.is_accepted.clear()
    async with talking(editor.socket_url) as talk:
        await talk.send("run_job", workflow_id="wf")
        await talk.send("ping")
        await talk.send("run_job", workflow_id="wf")
        await until(lambda: len(editor.jobs.all) == 2)  # the second was handled, though the first has no reply yet
        first, second = editor.jobs.all.values()
        second.is_accepted.set()
        await asyncio.sleep(0.02)
        first.is_accepted.set()
        heard = [await talk.hear() for _ in range(5)]

    replies = [frame.get("job_id") or frame["type"] for frame in heard if "seq" not in frame]
    assert replies == [first.id, "pong", second.id]
    for job in (first, second):
        mine = [frame for frame in heard if frame.get("job_id") == job.id]
        assert [frame.get("message") or frame["seq"] for frame in mine] == ["Job started", 1]


async def test_an_accept_that_is_not_stored_is_refused_and_has_no_events(editor: Live) -> None:
    def refuse(job: FakeJob) -> None:
        job.accept_error = StorageFull()

    editor.jobs.script = refuse
    async with talking(editor.socket_url) as talk:
        refusal = await talk.ask("run_job", request_id=1, workflow_id="wf")
        pong = await talk.ask("ping")

    assert (refusal["code"], refusal["command"], refusal["request_id"]) == ("storage_full", "run_job", 1)
    assert pong == {"type": "pong"}


async def test_a_command_about_a_job_that_is_being_accepted_waits_for_it(editor: Live) -> None:
    editor.jobs.script = lambda job: job.is_accepted.clear()
    async with talking(editor.socket_url) as talk:
        await talk.send("run_job", workflow_id="wf")
        await talk.send("cancel_job")
        await until(lambda: editor.jobs.all)
        await asyncio.sleep(0.02)
        assert editor.jobs.newest.cancels == 0
        editor.jobs.newest.is_accepted.set()
        heard = await talk.until_end()

    assert heard[-1]["status"] == "cancelled"


async def test_cancel_of_a_job_by_its_id_with_dashes(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        id = await talk.run()
        await talk.run()
        dashed = "-".join((id[:8], id[8:12], id[12:16], id[16:20], id[20:])).upper()
        reply = await talk.ask("cancel_job", job_id=dashed)

    assert (reply["job_id"], editor.jobs.all[id].cancels, editor.jobs.newest.cancels) == (id, 1, 0)


async def test_cancel_of_an_ended_job_tells_how_it_ended(editor: Live) -> None:
    editor.jobs.script = echo
    async with talking(editor.socket_url) as talk:
        await talk.send("run_job", workflow_id="wf")
        await talk.hear()
        await talk.until_end()
        reply = await talk.ask("cancel_job")

    assert (reply["message"], reply["status"]) == ("Job cancellation requested", "completed")


async def test_status_lists_the_open_jobs_of_this_connection_only(editor: Live) -> None:
    async with talking(editor.socket_url) as other, talking(editor.socket_url) as talk:
        theirs = await other.run()
        first = await talk.run()
        second = await talk.run()
        editor.jobs.all[first].complete()
        await talk.hear()
        status = await talk.ask("get_status")
        known = await talk.ask("get_status", job_id=theirs)

    assert (status["job_id"], status["status"]) == (second, "queued")
    assert status["active_jobs"] == [{"job_id": second, "workflow_id": "wf", "status": "queued"}]
    assert (known["job_id"], known["workflow_id"], known["last_seq"]) == (theirs, "wf", 1)
    assert "active_jobs" not in known


async def test_reconnect_replays_behind_after_and_then_follows(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        id = await talk.run()
    job = editor.jobs.newest
    job.say("two", "three", "four")
    async with talking(editor.socket_url) as talk:
        reply = await talk.ask("reconnect_job", job_id=id, after=2)
        replayed = [await talk.hear(), await talk.hear()]
        job.complete(x=1)
        end = await talk.hear()
        status = await talk.ask("get_status")

    assert reply == {
        "message": f"Reconnecting to job {id}",
        "command": "reconnect_job",
        "job_id": id,
        "workflow_id": "wf",
    }
    assert [event["seq"] for event in [*replayed, end]] == [3, 4, 5]
    assert end["result"] == {"x": 1}
    assert status["job_id"] == id


async def test_reconnect_to_an_ended_job_replays_it(editor: Live) -> None:
    editor.jobs.script = echo
    await editor.http.post("/api/workflows/wf/run")
    async with talking(editor.socket_url) as talk:
        await talk.send("reconnect_job", job_id=editor.jobs.newest.id)
        heard = await talk.until_end()

    assert [event["seq"] for event in heard[1:]] == [1, 2, 3]


async def test_reconnect_beyond_the_log_is_refused(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        id = await talk.run()
        refusal = await talk.ask("reconnect_job", job_id=id, after=9)

    assert (refusal["code"], refusal["job_id"]) == ("cursor_ahead", id)


async def test_reconnect_to_a_job_that_is_followed_starts_over_and_doubles_nothing(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        await talk.send("reconnect_job")
        heard = [await talk.hear(), await talk.hear()]
        editor.jobs.newest.say("two")
        heard.append(await talk.hear())
        assert await talk.ask("ping") == {"type": "pong"}

    assert [frame.get("seq") for frame in heard] == [None, 1, 2]
    assert editor.jobs.newest.cursors[0].is_closed
    await until(lambda: editor.jobs.newest.cursors[1].is_closed)


async def test_jobs_of_a_connection_share_it_in_turns(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        big = editor.jobs.newest
        await talk.run()
        small = editor.jobs.newest
        big.say(*["x" * 1000] * 900)
        await asyncio.sleep(0)
        small.say("quick")
        heard = [await talk.hear() for _ in range(901)]

    place = next(i for i, event in enumerate(heard) if event["job_id"] == small.id)
    assert place < 200
    assert [event["seq"] for event in heard if event["job_id"] == big.id] == list(range(2, 902))


async def test_the_mode_may_change_in_the_middle_of_a_batch(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        editor.jobs.newest.say(*["x" * 1000] * 900)
        await talk.send("set_mode", mode="text")
        frames = [await talk.socket.recv() for _ in range(901)]

    kinds = [type(frame) for frame in frames]
    assert kinds == sorted(kinds, key=lambda kind: kind is str)
    assert 0 < kinds.count(bytes) < 901
    seqs = [
        (json.loads(frame) if isinstance(frame, str) else msgspec.msgpack.decode(frame)).get("seq") for frame in frames
    ]
    assert [seq for seq in seqs if seq] == list(range(2, 902))


async def test_a_graph_may_be_sent_along_to_the_editor(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        reply = await talk.ask("run_job", graph={"nodes": [{"id": "a"}], "edges": []}, params={})

    assert (reply["message"], reply["workflow_id"]) == ("Job started", "")
    assert editor.jobs.graphs == [b'{"nodes":[{"id":"a"}],"edges":[]}']


async def test_the_worker_runs_stored_workflows_only_unless_it_is_told_to() -> None:
    graph: dict[str, Any] = {"nodes": [], "edges": []}
    async with live(surface="worker") as server, talking(server.socket_url) as talk:
        refusal = await talk.ask("run_job", graph=graph)
    async with live(surface="worker", allow_graphs=True) as server, talking(server.socket_url) as talk:
        reply = await talk.ask("run_job", graph=graph)

    assert "--allow-graphs" in refusal["error"]
    assert reply["message"] == "Job started"


async def test_a_client_that_leaves_closes_its_cursors_and_touches_no_run(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        await talk.run()

    await until(lambda: all(job.cursors[0].is_closed for job in editor.jobs.all.values()))
    assert [job.cancels for job in editor.jobs.all.values()] == [0, 0]


async def test_a_log_that_cannot_be_read_is_told_and_the_socket_stays_open(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        id = await talk.run()
        editor.jobs.newest.cursors[0].error = StorageFailed()
        editor.jobs.newest.say("x")
        refusal = await talk.hear()

        assert (refusal["type"], refusal["code"], refusal["job_id"]) == ("error", "storage_failed", id)
        assert await talk.ask("ping") == {"type": "pong"}


async def test_a_bug_closes_the_socket_with_1011_and_shows_nothing(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        editor.jobs.newest.cursors[0].error = ZeroDivisionError("/secret/path")
        editor.jobs.newest.say("x")
        closed = await talk.closing()

    assert closed == (1011, "something went wrong in the server")


async def test_a_frame_over_the_limit_closes_with_1009() -> None:
    async with live(max_body=10_000) as server, talking(server.socket_url) as talk:
        await talk.socket.send(b"x" * 10_001)

        assert (await talk.closing())[0] == 1009


async def test_a_shutdown_closes_with_1012(editor: Live) -> None:
    async with talking(editor.socket_url) as talk:
        await talk.run()
        await editor.site.shutdown()

        assert await talk.closing() == (1012, "the server restarts")
    assert editor.jobs.newest.cursors[0].is_closed
    assert editor.jobs.newest.cancels == 0


async def test_a_reader_that_is_too_slow_is_closed_with_1013_and_the_last_number() -> None:
    async with live(patience=0.2) as server, talking(server.socket_url, max_queue=1) as talk:
        id = await talk.run()
        job = server.jobs.newest
        for _ in range(300):
            job.say("x" * 100_000)
        await asyncio.sleep(0.6)
        seqs = [frame["seq"] for frame in await talk.rest()]

    assert talk.socket.close_code == 1013
    assert talk.socket.close_reason == f"too slow; last seq {seqs[-1]} of job {id}"
    assert seqs[-1] < 301
    assert job.cursors[0].is_closed
    assert job.cancels == 0


async def test_a_client_that_never_reads_again_is_let_go() -> None:
    async with live(patience=0.1) as server, talking(server.socket_url, max_queue=1, close_timeout=0.1) as talk:
        await talk.run()
        job = server.jobs.newest
        for _ in range(300):
            job.say("x" * 100_000)
        await until(lambda: job.cursors[0].is_closed)
        talk.socket.transport.abort()

    assert job.cancels == 0


async def test_a_client_that_does_not_read_its_replies_is_not_read_either(editor: Live) -> None:
    editor.jobs.script = lambda job: job.is_accepted.clear()
    async with talking(editor.socket_url) as talk:
        for _ in range(200):
            await talk.send("run_job", workflow_id="wf")
        await asyncio.sleep(0.1)
        started = len(editor.jobs.all)
        for job in editor.jobs.all.values():
            job.is_accepted.set()
        editor.jobs.script = None
        heard = [await talk.hear() for _ in range(400)]

    assert started < 100
    assert len({frame["job_id"] for frame in heard}) == 200


async def test_nothing_of_a_connection_is_kept_once_it_is_gone(editor: Live) -> None:
    def kept() -> list[SocketConnection]:
        gc.collect()
        every = [one for one in gc.get_objects() if type(one) is SocketConnection]
        return [one for one in every if one.loop is asyncio.get_running_loop()]

    async with talking(editor.socket_url) as talk:
        await talk.ask("ping")
        assert len(kept()) == 1
    async with asyncio.timeout(LINGER / 2):
        while kept():
            await asyncio.sleep(0.01)
