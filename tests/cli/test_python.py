"""Workflows as the Python that builds them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.cli.examples import examples
from nodetool.cli.python import METHODS, NotInPython, program
from nodetool.sdk.workflow import Added
from nodetool.shipped import shipped
from tests.graphs import edge, graph, node
from tests.runner.helpers import catalogue

EVERYTHING = {
    "name": 'Every "thing"',
    "description": "ü\nand more",
    "graph": graph(
        [
            node("class", "nodetool.input.StringInput", name="a", label="A", value=None, secret=True),
            node("2nd", "nodetool.input.ListInput", name="b", value=[1, {"x": None, "y": True}]),
            {
                **node("text", "nodetool.text.FormatText", template="{{ a }}", label="kept"),
                "dynamic_properties": {"not a name": "!", "more": 2},
            },
            {**node("join", "nodetool.control.ForEach"), "sync_mode": "zip_all"},
            {
                **node("call", "nodetool.workflows.Workflow", workflow_id="w"),
                "dynamic_outputs": {"made": {"type": "str"}},
            },
            node("late", "nodetool.text.Concat", a="set, and an edge as well"),
            node("out", "nodetool.output.Output", name="out"),
            node("Out", "nodetool.output.Output", name="other"),
        ],
        "late.output -> text.later",
        "class.output -> text.a",
        "2nd.output -> join.input_list",
        "join.output -> late.a",
        "join.index -> late.b",
        "late.output -> out.value",
        "call.made -> out.value",
        "text.output -> call.question",
        "class.output -> out.nowhere",
    ),
}


def built(text: str) -> Any:
    """Run a program, and return the document that it builds."""
    names: dict[str, Any] = {"__name__": "built"}
    exec(text, names)
    return json.loads(json.dumps(names["workflow"].document()))


def meaning(document: Any) -> Any:
    """Return what of a document counts for a run, and where its nodes stand."""
    nodes = [
        {
            "id": one["id"],
            "type": catalogue().kind(one["type"]).description.node_type,  # type: ignore[union-attr]
            "data": one.get("data") or {},
            "dynamic": one.get("dynamic_properties") or {},
            "outputs": one.get("dynamic_outputs") or {},
            "zips": one.get("sync_mode") == "zip_all",
            "at": (one.get("ui_properties") or {}).get("position"),
        }
        for one in document["graph"]["nodes"]
    ]
    into: dict[Any, list[Any]] = {}
    for one in document["graph"]["edges"]:
        into.setdefault((one["target"], one["targetHandle"]), []).append((one["source"], one["sourceHandle"]))
    return document["name"], document.get("description") or "", nodes, into


@pytest.mark.parametrize("id", [id for id, _ in examples()])
def test_an_example_is_built_again_as_it_is(id: str) -> None:
    document = json.loads(shipped(f"examples/workflows/{id}.json").read_bytes())

    assert meaning(built(program(document, catalogue()))) == meaning(document)


def test_all_that_a_document_may_hold_is_kept() -> None:
    text = program(EVERYTHING, catalogue())

    made, given = meaning(built(text)), meaning(EVERYTHING)
    for one in made[2]:
        one["at"] = None
    assert made == given


def test_what_an_added_node_has_is_known() -> None:
    assert {"id", *(name for name in vars(Added) if not name.startswith("_"))} == METHODS


IDS = ["a", "b", "c", "for", "1"]


@given(
    st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from("ab")), max_size=8),
    st.permutations(IDS),
)
def test_edges_keep_their_order_at_each_handle_wherever_they_lead(
    edges: list[tuple[str, str, str]], order: list[str]
) -> None:
    nodes = [node(id, "nodetool.text.Concat", a="x") for id in order]
    lines = [f"{source}.output -> {target}.{handle}" for source, target, handle in edges]
    document = {"name": "edges", "graph": {"nodes": nodes, "edges": list(map(edge, lines))}}

    made = meaning(built(program(document, catalogue())))

    assert made[3] == meaning(document)[3]
    assert [one["id"] for one in made[2]] == order


def test_a_type_that_is_not_known_is_named() -> None:
    with pytest.raises(NotInPython, match=r"node a: there is no node type 'x\.Y' here"):
        program({"name": "n", "graph": graph([node("a", "x.Y")])}, catalogue())


def test_what_is_written_passes_the_type_checker_and_runs(tmp_path: Path) -> None:
    documents = [json.loads(shipped(f"examples/workflows/{id}.json").read_bytes()) for id, _ in examples()]
    files = []
    for number, document in enumerate([*documents, EVERYTHING]):
        file = tmp_path / f"made_{number}.py"
        file.write_text(program(document, catalogue()))
        files.append(str(file))

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", *files], capture_output=True, text=True, check=False
    )
    ran = subprocess.run([sys.executable, files[0]], capture_output=True, text=True, check=True)

    assert checked.returncode == 0, checked.stdout
    assert meaning(json.loads(ran.stdout)) == meaning(documents[0])
