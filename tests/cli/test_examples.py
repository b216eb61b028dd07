"""The example workflows: they are right, and they are stored once."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from nodetool.app import Rooms
from nodetool.auth.identity import USER
from nodetool.cli import local
from nodetool.cli.examples import examples, store_examples
from nodetool.config import Config
from nodetool.protocol.documents import WorkflowRequest
from nodetool.shipped import shipped

IDS = [
    "csv-report",
    "cut-document",
    "measure-line",
    "measure-poem",
    "order-check",
    "planet-weights",
    "slow-progress",
    "text-report",
]


@pytest.fixture
async def rooms(home: Path) -> AsyncIterator[Rooms]:
    async with local.rooms(Config(home=home), {}) as rooms:
        yield rooms


def document(id: str) -> Any:
    return json.loads((shipped("examples/workflows") / f"{id}.json").read_bytes())


def test_there_are_eight() -> None:
    assert [id for id, _ in examples()] == IDS


@pytest.mark.parametrize("id", IDS)
def test_an_example_looks_right_in_an_editor(id: str) -> None:
    example = document(id)
    places = [tuple(node["ui_properties"]["position"].values()) for node in example["graph"]["nodes"]]

    assert example["id"] == id
    assert example["description"]
    assert len(set(places)) == len(places)
    assert all(node["ui_properties"].get("title") or "Comment" in node["type"] for node in example["graph"]["nodes"])


async def test_an_example_has_no_findings_and_labels_its_inputs(rooms: Rooms) -> None:
    await store_examples(rooms)

    for id in IDS:
        stored, _ = await rooms.workflows.get(USER, id)
        inputs = json.loads(bytes(stored.input_schema))["properties"]
        assert stored.findings == []
        assert all(one["label"] and one["description"] and "default" in one for one in inputs.values())


async def test_an_example_is_stored_once_and_belongs_to_who_made_something_of_it(rooms: Rooms) -> None:
    await store_examples(rooms)
    mine = WorkflowRequest(name="Mine", graph=(await rooms.workflows.get(USER, IDS[0]))[0].graph)
    await rooms.workflows.replace(USER, IDS[0], mine, None)
    await rooms.workflows.delete(USER, "slow-progress", None)

    await store_examples(rooms)

    names = [(await rooms.workflows.get(USER, id))[0].name for id in (IDS[0], "slow-progress")]
    assert names == ["Mine", "Journey of Voyager 2"]
