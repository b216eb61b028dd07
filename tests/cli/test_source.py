"""What a command is given."""

import json
from pathlib import Path

import pytest

from nodetool.cli import source
from nodetool.cli.source import WrongUsage
from nodetool.protocol.errors import InvalidJson, InvalidRequest

GRAPH = {"nodes": [{"id": "a", "type": "x"}], "edges": []}


@pytest.mark.parametrize("document", [GRAPH, {"name": "A workflow", "graph": GRAPH}], ids=["graph", "document"])
def test_a_file_holds_a_graph_or_a_document_around_one(tmp_path: Path, document: dict[str, object]) -> None:
    file = tmp_path / "workflow.json"
    file.write_text(json.dumps(document))

    assert json.loads(source.read(str(file)).graph) == GRAPH


@pytest.mark.parametrize(
    ("text", "error", "sentence"),
    [
        ("{", InvalidJson, "it.json is not JSON: Input data was truncated"),
        ("[]", InvalidRequest, "it.json holds no JSON object"),
        ('{"graph": ' + "[" * 100_000, InvalidJson, "it.json is not JSON"),
    ],
    ids=["not JSON", "not an object", "nested too deep"],
)
def test_a_file_that_holds_something_else_is_refused(
    tmp_path: Path, text: str, error: type[Exception], sentence: str
) -> None:
    file = tmp_path / "it.json"
    file.write_text(text)

    with pytest.raises(error, match=sentence):
        source.read(str(file))


def test_a_document_to_store_is_left_as_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"id": "own", "name": "A", "graph": {"nodes": [], "edges": [], "x": 1e3}, "other": [1.50]}')

    made = source.document(str(file), None)

    assert bytes(made["graph"]) == b'{"nodes": [], "edges": [], "x": 1e3}'
    assert bytes(made["other"]) == b"[1.50]"
    assert made["id"] == "own"
    assert source.document(str(file), "given")["id"] == "given"


@pytest.mark.parametrize(
    "document", [GRAPH, {"graph": GRAPH}, {"graph": GRAPH, "id": None}], ids=["graph", "no name", "no id"]
)
def test_a_workflow_without_a_name_has_that_of_its_file(tmp_path: Path, document: dict[str, object]) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(document))

    made = source.document(str(file), None)

    assert (made["id"], made["name"], json.loads(bytes(made["graph"]))) == (None, "mine", GRAPH)


def test_an_id_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"id": 3, "graph": {}}')

    with pytest.raises(InvalidRequest, match=r"mine\.json: its id is no text"):
        source.document(str(file), None)


def test_a_name_without_a_file_is_an_id() -> None:
    assert source.is_file("-")
    assert not source.is_file("csv-report")


@pytest.mark.parametrize("text", ["nothing.json", "folder/nothing"])
def test_what_can_only_be_a_file_has_to_be_there(text: str) -> None:
    with pytest.raises(WrongUsage, match=f"there is no file {text}"):
        source.is_file(text)


def test_a_folder_is_no_workflow(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage):
        source.is_file(str(tmp_path))


@pytest.mark.parametrize(
    ("pair", "value"),
    [("a=b", "b"), ("a=", ""), ("a=b=c", "b=c"), ("a=@@b", "@b")],
    ids=["text", "empty", "with an equals sign", "beginning with @"],
)
def test_a_pair_is_a_name_and_text(pair: str, value: str) -> None:
    assert source.params([pair], None) == {"a": value}


@pytest.mark.parametrize("pair", ["a", "=b", ""])
def test_a_pair_needs_a_name_and_an_equals_sign(pair: str) -> None:
    with pytest.raises(WrongUsage, match="expected NAME=VALUE"):
        source.params([pair], None)


def test_the_text_of_a_param_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("viele Zeilen\nund Umlaute: ü\n")

    assert source.params([f"a=@{file}"], None) == {"a": "viele Zeilen\nund Umlaute: ü\n"}


def test_a_param_is_no_picture(tmp_path: Path) -> None:
    file = tmp_path / "picture"
    file.write_bytes(b"\x89PNG\xff")

    with pytest.raises(WrongUsage, match="is not UTF-8 text"):
        source.params([f"a=@{file}"], None)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ({"params": {"a": 1}}, {"a": 1}),
        ({"params": {"a": 1}, "b": 2}, {"params": {"a": 1}, "b": 2}),
        ({"params": 3}, {"params": 3}),
    ],
    ids=["bare", "envelope", "an input called params", "a number called params"],
)
def test_a_file_of_params_may_have_the_envelope_of_a_request(
    tmp_path: Path, document: dict[str, object], expected: dict[str, object]
) -> None:
    file = tmp_path / "params.json"
    file.write_text(json.dumps(document))

    assert source.params([], file) == expected


def test_an_input_goes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"a": 1, "b": 2}')

    assert source.params(["a=x"], file) == {"a": "x", "b": 2}


@pytest.mark.parametrize(("text", "error"), [("{", InvalidJson), ("[1]", InvalidRequest)])
def test_a_file_of_params_that_holds_something_else_is_refused(
    tmp_path: Path, text: str, error: type[Exception]
) -> None:
    file = tmp_path / "params.json"
    file.write_text(text)

    with pytest.raises(error, match=r"params\.json"):
        source.params([], file)
