"""Secrets of users: who may set them, which run gets them, and where they are not to be found."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodetool.jobs.secrets import Secrets
from nodetool.protocol import codec
from nodetool.protocol.errors import InvalidRequest, NotFound, SecretLost
from nodetool.storage.seal import Seal
from nodetool.storage.sqlite import FILE
from tests.graphs import graph, node, output, text_input, through
from tests.jobs import house
from tests.jobs.rooms import KEY, Rooms, heard, opened, sealed

VALUE = "sk-vault-0123456789"
LEAK = through("tests.Leak")

SECRET_INPUT = graph(
    [
        node("in", "nodetool.input.StringInput", name="text", value="", secret=True),
        text_input("other", "b"),
        node("node", "nodetool.text.Concat"),
        output(),
    ],
    "in.output -> node.a",
    "other.output -> node.b",
    "node.output -> out.value",
)


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    async with opened(tmp_path) as rooms:
        await rooms.save("leak", LEAK)
        await rooms.save("secret", SECRET_INPUT)
        yield rooms


def written(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.glob(f"{FILE}*"))


async def test_a_secret_is_listed_by_name_replaced_and_removed(rooms: Rooms) -> None:
    secrets = rooms.secrets
    await secrets.set("1", "B", VALUE)
    await secrets.set("1", "A", "one")
    await secrets.set("1", "A", "two")

    assert [row.name for row in await secrets.list("1")] == ["A", "B"]
    assert secrets.of("1", ["A", "B", "C"]) == {"A": "two", "B": VALUE}

    await secrets.delete("1", "A")
    assert [row.name for row in await secrets.list("1")] == ["B"]
    with pytest.raises(NotFound):
        await secrets.delete("1", "A")


async def test_another_users_secret_does_not_exist(rooms: Rooms) -> None:
    await rooms.secrets.set("1", "VAULT_KEY", VALUE)

    assert await rooms.secrets.list("2") == []
    assert rooms.secrets.of("2", ["VAULT_KEY"]) == {}
    with pytest.raises(NotFound):
        await rooms.secrets.delete("2", "VAULT_KEY")


@pytest.mark.parametrize(
    ("name", "value"), [("", "x"), ("1A", "x"), ("A-B", "x"), ("Ä", "x"), ("A", ""), ("A", "x" * 65537)]
)
async def test_what_is_no_secret_is_refused(rooms: Rooms, name: str, value: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await rooms.secrets.set("1", name, value)

    assert refused.value.errors[0].field in ("name", "value")
    assert "x" * 100 not in refused.value.detail


async def test_the_database_does_not_hold_the_value(rooms: Rooms, tmp_path: Path) -> None:
    await rooms.secrets.set("1", "VAULT_KEY", VALUE)

    assert b"VAULT_KEY" in written(tmp_path)
    assert VALUE.encode() not in written(tmp_path)


async def test_a_row_that_is_copied_to_another_user_does_not_open_there(rooms: Rooms) -> None:
    await rooms.secrets.set("1", "A", VALUE)
    (row,) = await rooms.secrets.list("1")

    with pytest.raises(ValueError, match="sealed for something else"):
        Seal(lambda: [KEY]).open(row.sealed, "secret\0" + "2\0A")


async def test_only_what_the_plan_declares_is_sent(tmp_path: Path) -> None:
    async with house.opened(tmp_path) as there:
        for name in ("VAULT_KEY", "OTHER"):
            await there.secrets.set("1", name, VALUE)
        with_secret = await there.start(LEAK, text="x")
        without = await there.start(text="x")

        assert there.started(with_secret.id)[1].secrets == {"VAULT_KEY": VALUE}
        assert there.started(without.id)[1].secrets == {}
        assert VALUE.encode() not in with_secret.version.plan_bytes
        assert VALUE.encode() not in written(tmp_path)


async def test_a_node_gets_its_secret_and_nobody_sees_it(rooms: Rooms, tmp_path: Path) -> None:
    await rooms.secrets.set("1", "VAULT_KEY", VALUE)

    job = await rooms.run("leak")
    events = await heard(job)

    told = codec.to_json(events).decode()
    assert VALUE not in told
    for content in ("logged ****", "chunk ****", "noticed ****", "far ****", "Bearer ****", '"****":1'):
        assert content in told
    assert await rooms.result(job) == {"out": {"key": "****", "in": ["Bearer ****"], "bytes": b"****", "text": "hi"}}
    assert VALUE.encode() not in written(tmp_path)


async def test_the_error_and_trace_of_a_node_are_masked(rooms: Rooms, capsys: pytest.CaptureFixture[str]) -> None:
    await rooms.secrets.set("1", "VAULT_KEY", VALUE)
    await rooms.save("fails", through("tests.Leak", fails=True))

    job = await rooms.run("fails")
    ending = await job.wait()

    assert (ending.code, ending.error) == ("node_failed", "refused ****")
    assert VALUE not in codec.to_json(await heard(job)).decode()
    log = capsys.readouterr().out.partition("node.failed")[2]  # what it printed before is not caught in this process
    assert "RuntimeError: refused ****" in log
    assert VALUE not in log


async def test_a_secret_that_is_not_set_fails_the_run_and_says_how_to_set_it(rooms: Rooms) -> None:
    ending = await (await rooms.run("leak")).wait()

    assert ending.code == "node_failed"
    assert re.search(r"the secret VAULT_KEY is not set; set it with nodetool secrets set VAULT_KEY", ending.error)


async def test_a_secret_that_is_not_declared_is_the_nodes_mistake(rooms: Rooms) -> None:
    await rooms.secrets.set("1", "VAULT_KEY", VALUE)
    await rooms.save("undeclared", through("tests.Undeclared"))

    ending = await (await rooms.run("undeclared")).wait()

    assert ending.error == 'Undeclared does not declare the secret VAULT_KEY: secrets = ("VAULT_KEY",)'


async def test_a_secret_of_another_key_is_told_from_one_that_is_not_set(rooms: Rooms) -> None:
    other = sealed(rooms.store, rooms.clock.now_us, key="the key of an older server")
    await other.set("1", "VAULT_KEY", VALUE)

    ending = await (await rooms.run("leak")).wait()

    assert ending.error.startswith("the secret VAULT_KEY was sealed with a key that the server does not have")


# Inputs that are secret.


async def test_a_secret_input_is_used_and_not_seen(rooms: Rooms, tmp_path: Path) -> None:
    job = await rooms.jobs.start("1", "secret", {"text": VALUE, "b": " seen"})
    ending = await job.wait()

    assert codec.value_of(ending.result) == {"out": "**** seen"}
    assert VALUE not in codec.to_json(await heard(job)).decode()
    assert VALUE.encode() not in written(tmp_path)
    row = await rooms.jobs.job("1", job.id)
    assert codec.json_of_params(row.params) == b'{"text":"****","b":" seen"}'


async def test_a_retry_has_the_secret_again(rooms: Rooms) -> None:
    first = await rooms.jobs.start("1", "secret", {"text": VALUE, "b": "!"})
    await first.wait()

    again = await rooms.jobs.retry("1", first.id)
    await again.wait()

    assert again.values == {"text": VALUE, "b": "!"}
    assert VALUE.encode() not in (await rooms.jobs.job("1", again.id)).params


async def test_after_a_crash_the_next_attempt_has_the_secret(tmp_path: Path) -> None:
    async with house.opened(tmp_path) as before:
        job = await before.start(SECRET_INPUT, text=VALUE)
        assert before.started(job.id)[1].params == {"text": VALUE}
    async with house.opened(tmp_path) as after:
        assert after.started(job.id)[1].params == {"text": VALUE}
        assert after.started(job.id)[1].attempt == 2


async def test_a_job_whose_secret_no_key_opens_fails_and_says_so(rooms: Rooms) -> None:
    job = await rooms.jobs.start("1", "secret", {"text": VALUE})
    await job.wait()
    row = await rooms.jobs.job("1", job.id)

    with pytest.raises(SecretLost, match="the input text was sealed with a key that this server does not have"):
        sealed(rooms.store, rooms.clock.now_us, key="another").unpacked(row.id, row.params)


async def test_the_schema_of_a_secret_input_says_that_it_is_only_written(rooms: Rooms) -> None:
    workflow, _ = await rooms.workflows.get("1", "secret")

    assert b'"writeOnly":true' in bytes(workflow.input_schema)


# Another key.


def with_keys(rooms: Rooms, *keys: str) -> Secrets:
    return Secrets(rooms.store.writer, rooms.store.reader, Seal(lambda: keys), now_us=rooms.clock.now_us)


async def test_after_a_change_of_keys_everything_opens_with_the_new_one(rooms: Rooms) -> None:
    await rooms.secrets.set("1", "A", VALUE)
    job = await rooms.jobs.start("1", "secret", {"text": VALUE, "b": "!"})
    await job.wait()
    plain = await rooms.jobs.start("1", "secret", {"b": "nothing secret"})
    await plain.wait()

    assert await with_keys(rooms, "new", KEY).reseal() == (2, 0)

    new = with_keys(rooms, "new")
    row = await rooms.jobs.job("1", job.id)
    assert new.of("1", ["A"]) == {"A": VALUE}
    assert new.unpacked(row.id, row.params) == {"text": VALUE, "b": "!"}
    assert rooms.secrets.of("1", ["A"]) == {"A": None}


async def test_what_no_key_opens_is_counted_and_stays(rooms: Rooms) -> None:
    await rooms.secrets.set("1", "A", VALUE)
    await with_keys(rooms, "lost").set("1", "B", VALUE)

    assert await with_keys(rooms, "new", KEY).reseal() == (1, 1)
    assert with_keys(rooms, "lost").of("1", ["B"]) == {"B": VALUE}
