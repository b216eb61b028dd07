"""Stored workflows, over a real database."""

import asyncio
from typing import Any

import msgspec
import pytest

from nodetool.graph.catalogue import Catalogue
from nodetool.graph.document import Limits
from nodetool.jobs import workflows as module
from nodetool.jobs.workflows import LARGE, Workflows
from nodetool.protocol.descriptions import Index
from nodetool.protocol.documents import WorkflowRequest
from nodetool.protocol.errors import InvalidCursor, InvalidGraph, InvalidRequest, NotFound, PreconditionFailed
from nodetool.storage.sqlite import Store
from tests.graphs import Json, graph, node, output, text_input, through
from tests.runner.helpers import catalogue

GREET = through("nodetool.text.Concat", "a", b="!")


class Clock:
    def __init__(self) -> None:
        self.now_us = 1_700_000_000_000_000

    def __call__(self) -> int:
        self.now_us += 1
        return self.now_us


@pytest.fixture
def workflows(store: Store) -> Workflows:
    return Workflows(store.writer, store.reader, catalogue(), now_us=Clock())


def request(graph: Json | None = None, **fields: Any) -> WorkflowRequest:
    body = {"name": "Greet", "graph": GREET if graph is None else graph, **fields}
    return msgspec.json.decode(msgspec.json.encode(body), type=WorkflowRequest)


async def test_a_new_workflow_is_read_as_it_was_stored(workflows: Workflows) -> None:
    made, etag = await workflows.create("1", request(settings={"a": [1]}, tags=["x"], description="d"))
    read, same = await workflows.get("1", made.id)

    assert msgspec.json.encode(made) == msgspec.json.encode(read)
    assert etag == same
    assert msgspec.json.decode(read.graph) == GREET
    assert msgspec.json.decode(read.settings) == {"a": [1]}
    assert (read.name, read.tags, read.description, read.findings) == ("Greet", ["x"], "d", [])
    assert set(msgspec.json.decode(read.input_schema)["properties"]) == {"text"}
    assert set(msgspec.json.decode(read.output_schema)["properties"]) == {"out"}


async def test_graph_and_settings_come_back_byte_for_byte(workflows: Workflows) -> None:
    source = b'{ "nodes":[ {"id":"a","type":"nodetool.constant.String","unknown":1.0, "ui":{}}],\n"edges":[]}'
    asked = WorkflowRequest(name="n", graph=msgspec.Raw(source), settings=msgspec.Raw(b'{"x":1e2}'))

    made, _ = await workflows.create("1", asked)

    assert bytes(made.graph) == source
    assert bytes(made.settings) == b'{"x":1e2}'


async def test_an_etag_is_of_the_document_alone(workflows: Workflows) -> None:
    _, one = await workflows.create("1", request())
    _, other = await workflows.replace("1", "mine", request(), None)
    _, changed = await workflows.replace("1", "mine", request(name="Other"), None)
    _, back = await workflows.replace("1", "mine", request(), None)

    assert one == other == back != changed


async def test_a_save_keeps_findings_beside_the_graph(workflows: Workflows) -> None:
    made, _ = await workflows.create("1", request(graph([node("a", "nodetool.text.Concatt"), output()])))
    read, _ = await workflows.get("1", made.id)

    assert [(finding.code, finding.node_id) for finding in read.findings] == [("unknown_type", "a")]
    assert made.findings == read.findings


NO_GRAPHS = {
    "doubled id": graph([text_input(), text_input()]),
    "edge to nowhere": graph([text_input()], "in.output -> nowhere.x"),
    "a list": [],
    "a text": "x",
}


@pytest.mark.parametrize("bad", NO_GRAPHS.values(), ids=NO_GRAPHS.keys())
async def test_what_is_no_graph_is_not_stored(workflows: Workflows, bad: Any) -> None:
    with pytest.raises(InvalidGraph):
        await workflows.replace("1", "mine", request(bad), None)
    with pytest.raises(NotFound):
        await workflows.get("1", "mine")


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"graph": None}, "graph"), ({"name": "x" * 257}, "name"), ({"access": "mine"}, "access")],
    ids=["no graph", "a long name", "an unknown access"],
)
async def test_a_bad_request_names_the_field_and_stores_nothing(workflows: Workflows, fields: Json, field: str) -> None:
    body = {"name": "Greet", "graph": GREET, **fields}
    asked = msgspec.json.decode(msgspec.json.encode(body), type=WorkflowRequest)
    with pytest.raises(InvalidRequest, match=field) as caught:
        await workflows.replace("1", "mine", asked, None)

    assert caught.value.errors[0].field == f"$.{field}"
    assert (await workflows.page("1", limit=9, cursor="")).rows == []


@pytest.mark.parametrize("id", ["", "x" * 257])
async def test_an_id_has_its_limits(workflows: Workflows, id: str) -> None:
    with pytest.raises(InvalidRequest):
        await workflows.replace("1", id, request(), None)


async def test_if_match_guards_a_change(workflows: Workflows) -> None:
    with pytest.raises(PreconditionFailed):
        await workflows.replace("1", "mine", request(), "*")
    _, etag = await workflows.replace("1", "mine", request(), None)
    _, newer = await workflows.replace("1", "mine", request(name="Other"), etag)
    with pytest.raises(PreconditionFailed):
        await workflows.replace("1", "mine", request(name="Third"), etag)
    with pytest.raises(PreconditionFailed):
        await workflows.delete("1", "mine", etag)
    assert (await workflows.get("1", "mine"))[1] == newer
    await workflows.replace("1", "mine", request(), "*")
    await workflows.delete("1", "mine", "*")

    with pytest.raises(NotFound):
        await workflows.get("1", "mine")


async def test_two_changes_of_one_version_do_not_both_win(workflows: Workflows) -> None:
    _, etag = await workflows.replace("1", "mine", request(), None)
    changes = [workflows.replace("1", "mine", request(name=str(number)), etag) for number in range(5)]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)

    assert sum(isinstance(outcome, PreconditionFailed) for outcome in outcomes) == 4


async def test_another_users_workflow_is_not_there(workflows: Workflows) -> None:
    await workflows.replace("1", "mine", request(), None)
    await workflows.ready("1", "mine")

    for refused in (
        workflows.get("2", "mine"),
        workflows.ready("2", "mine"),
        workflows.delete("2", "mine", None),
        workflows.replace("2", "mine", request(), None),
    ):
        with pytest.raises(NotFound, match="no workflow 'mine'"):
            await refused
    assert (await workflows.page("2", limit=9, cursor="")).rows == []
    assert (await workflows.get("1", "mine"))[0].name == "Greet"


async def test_what_is_not_there_cannot_be_deleted(workflows: Workflows) -> None:
    with pytest.raises(NotFound):
        await workflows.delete("1", "mine", None)


async def test_a_list_is_newest_first_in_pages(workflows: Workflows) -> None:
    for number in range(5):
        await workflows.replace("1", f"w{number}", request(), None)
    first = await workflows.page("1", limit=3, cursor="")
    second = await workflows.page("1", limit=3, cursor=first.next)

    assert [row.id for row in first.rows] == ["w4", "w3", "w2"]
    assert [row.id for row in second.rows] == ["w1", "w0"]
    assert second.next == ""
    with pytest.raises(InvalidCursor):
        await workflows.page("1", limit=3, cursor="nonsense")


async def test_a_version_is_made_once(workflows: Workflows) -> None:
    await workflows.replace("1", "mine", request(), None)

    assert await workflows.ready("1", "mine") is await workflows.ready("1", "mine")


async def test_a_change_or_a_deletion_is_seen_by_the_next_run(workflows: Workflows) -> None:
    await workflows.replace("1", "mine", request(), None)
    before = await workflows.ready("1", "mine")
    await workflows.replace("1", "mine", request(through("nodetool.text.Concat", "a", b="?")), None)
    after = await workflows.ready("1", "mine")
    assert before.version.graph_hash != after.version.graph_hash
    await workflows.delete("1", "mine", None)

    with pytest.raises(NotFound):
        await workflows.ready("1", "mine")


async def test_a_version_that_was_read_before_a_change_is_not_kept(workflows: Workflows) -> None:
    await workflows.replace("1", "mine", request(big("a")), None)
    reading = asyncio.ensure_future(workflows.ready("1", "mine"))
    await asyncio.sleep(0)  # it is being checked, in a thread
    await workflows.replace("1", "mine", request(), None)
    await reading

    ready = await workflows.ready("1", "mine")
    assert msgspec.json.decode(ready.version.pinned) == GREET


def big(text: str) -> Json:
    """A graph that is checked in a thread."""
    return graph([text_input(value=text * LARGE), output()], "in.output -> out.value")


async def test_as_many_versions_as_are_cached_are_kept(workflows: Workflows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CACHED", 2)
    for id in "abc":
        await workflows.replace("1", id, request(), None)
    first = await workflows.ready("1", "a")
    await workflows.ready("1", "b")
    assert await workflows.ready("1", "a") is first
    await workflows.ready("1", "c")
    assert await workflows.ready("1", "a") is first

    assert len(workflows._ready) == 2


async def test_a_large_graph_is_checked_while_the_loop_goes_on(workflows: Workflows) -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    nodes = [node(f"n{number}", "nodetool.text.Concat", a="x" * 100) for number in range(3000)]
    turning = asyncio.ensure_future(turn())
    made, _ = await workflows.create("1", request(graph(nodes)))
    turning.cancel()

    assert turns > 3
    assert made.findings == []


async def test_limits_are_those_that_were_set(store: Store) -> None:
    workflows = Workflows(store.writer, store.reader, catalogue(), now_us=Clock(), limits=Limits(nodes=1, edges=9))
    with pytest.raises(InvalidGraph):
        await workflows.create("1", request())


async def test_a_graph_that_is_not_stored_is_checked_the_same_way(workflows: Workflows) -> None:
    version = await workflows.version_of("1", msgspec.json.encode(GREET))
    assert version.plan
    with pytest.raises(InvalidGraph):
        await workflows.version_of("1", b"[]")


async def test_a_pinned_graph_is_planned_once(workflows: Workflows) -> None:
    source = msgspec.json.encode(GREET)

    assert await workflows.pinned("h", source) is await workflows.pinned("h", source)


async def test_a_workflow_whose_types_are_gone_is_still_there_and_has_findings_when_it_is_to_run(
    store: Store, workflows: Workflows
) -> None:
    made, _ = await workflows.create("1", request(through("tests.Talk")))
    packs = [pack for pack in catalogue().packs if pack.name != "pack"]
    later = Workflows(store.writer, store.reader, Catalogue(Index(packs=packs, hash="later")), now_us=Clock())
    ready = await later.ready("1", made.id)

    assert [finding.code for finding in ready.version.findings] == ["unknown_type"]
    assert (await later.get("1", made.id))[0].id == made.id


# Workflows that call others.

CALLER = graph(
    [text_input(), node("c", "nodetool.workflows.Workflow", workflow_id="inner"), output()],
    "in.output -> c.text",
    "c.out -> out.value",
)


async def test_a_caller_is_what_it_calls_makes_of_it(workflows: Workflows) -> None:
    made, _ = await workflows.replace("1", "outer", request(CALLER), None)
    assert [finding.code for finding in made.findings] == ["unknown_workflow"]

    await workflows.replace("1", "inner", request(), None)

    read, _ = await workflows.get("1", "outer")
    assert read.findings == []
    assert (await workflows.page("1", limit=10, cursor="")).rows[1].findings == []
    assert (await workflows.ready("1", "outer")).version.findings == []
    first = (await workflows.ready("1", "outer")).version
    await workflows.replace("1", "inner", request(through("nodetool.text.Concat", "a", b="?")), None)
    second = (await workflows.ready("1", "outer")).version
    assert (second.plan_hash != first.plan_hash, second.findings) == (True, [])
    await workflows.delete("1", "inner", None)
    assert [one.code for one in (await workflows.ready("1", "outer")).version.findings] == ["unknown_workflow"]


async def test_a_caller_that_is_saved_while_what_it_calls_changes_is_not_kept_as_it_was(
    workflows: Workflows,
) -> None:
    await workflows.replace("1", "inner", request(), None)
    saving = asyncio.ensure_future(workflows.replace("1", "outer", request(CALLER), None))
    await workflows.replace("1", "inner", request(through("nodetool.text.Concat", "a", b="?")), None)
    await saving

    assert b'"?"' in (await workflows.ready("1", "outer")).version.pinned


async def test_the_workflows_of_others_cannot_be_called_unless_they_are_public(workflows: Workflows) -> None:
    await workflows.replace("2", "inner", request(), None)
    made, _ = await workflows.replace("1", "outer", request(CALLER), None)
    assert [finding.code for finding in made.findings] == ["unknown_workflow"]

    await workflows.replace("2", "inner", request(access="public"), None)
    assert (await workflows.ready("1", "outer")).version.findings == []


async def test_a_public_caller_brings_what_its_owner_calls(workflows: Workflows) -> None:
    await workflows.replace("1", "inner", request(), None)
    await workflows.replace("1", "outer", request(CALLER, access="public"), None)

    assert (await workflows.ready("2", "outer")).version.findings == []


async def test_no_workflow_is_saved_calling_itself_without_a_finding(workflows: Workflows) -> None:
    itself = graph([node("c", "nodetool.workflows.Workflow", workflow_id="me")])
    made, _ = await workflows.replace("1", "me", request(itself), None)

    assert [finding.code for finding in made.findings] == ["recursive_workflow"]
