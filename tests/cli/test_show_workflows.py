"""Workflows as people read them, and as files have them."""

import json
from datetime import UTC
from typing import Any

import pytest

from nodetool.cli import show_workflows
from nodetool.cli.show_jobs import Misfit
from nodetool.cli.show_workflows import PARTS, Schema
from nodetool.protocol.documents import WorkflowRequest

FINDING = {"code": "unknown_handle", "node_id": "a", "handle": "text", "message": "has no such input"}


def workflow(**fields: Any) -> dict[str, Any]:
    given = {
        "id": "cut",
        "name": "Cut a text",
        "description": "Cuts a text\nin two.",
        "created_at": "2026-07-25T20:00:00.000001Z",
        "updated_at": "2026-07-25T21:00:00.000001Z",
        "tags": ["text", "short"],
        "access": "private",
        "path": None,
        "graph": {"nodes": [{"id": "a"}], "edges": []},
        "settings": {},
        "input_schema": {
            "properties": {
                "text": {"type": "string", "description": "What is cut.", "default": "some words"},
                "at": {"type": "integer", "minimum": 1, "label": "Where"},
            },
            "required": ["at"],
        },
        "output_schema": {"properties": {"parts": {"type": "array", "items": {"type": "string"}}}},
        "findings": [],
    }
    return given | fields


def test_a_row_says_whether_it_can_run() -> None:
    assert show_workflows.row(workflow(), UTC) == ("cut", "ready", "2026-07-25 21:00", "Cut a text")
    assert show_workflows.row(workflow(findings=[FINDING, FINDING]), UTC)[1] == "2 findings"


def test_a_row_needs_only_the_columns_that_are_asked_for() -> None:
    parts = {name: value for name, value in workflow().items() if name in show_workflows.COLUMNS}

    assert show_workflows.row(parts, UTC) == show_workflows.row(workflow(), UTC)


def test_a_workflow_is_shown_with_what_it_takes_and_gives() -> None:
    assert list(show_workflows.workflow(workflow(findings=[FINDING]), UTC)) == [
        "Cut a text  cut",
        "",
        "Cuts a text in two.",
        "",
        "status   1 finding",
        "size     1 node, 0 edges",
        "tags     text, short",
        "created  2026-07-25 20:00:00",
        "updated  2026-07-25 21:00:00",
        "",
        "Inputs",
        '  text  string   = "some words"          What is cut.',
        "  at    integer  required        from 1  Where",
        "",
        "Outputs",
        "  parts  array of string",
        "",
        "Findings",
        "  node a, handle text: has no such input [unknown_handle]",
    ]


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, "any"),
        ({"type": "array", "items": {}}, "array"),
        ({"type": "string", "enum": ["a", "b"]}, "a | b"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer | null"),
        ({"type": "object", "properties": {"type": {"const": "image"}}}, "image"),
        ({"type": "object", "additionalProperties": {}}, "object"),
    ],
    ids=["any", "array", "enum", "union", "named", "object"],
)
def test_a_type_is_a_word_or_two(schema: Schema, text: str) -> None:
    assert show_workflows.type_of(schema) == text


def test_a_file_has_what_somebody_wrote_and_nothing_else() -> None:
    written = json.loads(show_workflows.document(workflow(description="", big=1)))

    assert list(written) == ["id", "name", "access", "tags", "settings", "graph"]
    assert written["graph"] == workflow()["graph"]


def test_a_file_has_every_part_that_can_be_stored() -> None:
    assert set(PARTS) == {"id", *WorkflowRequest.__struct_fields__}


def test_what_is_no_workflow_is_told() -> None:
    with pytest.raises(Misfit, match="what the server answers is no workflow"):
        show_workflows.row({"id": "x"})
