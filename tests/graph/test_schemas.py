from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from nodetool.graph.params import coerce, inputs_of
from nodetool.graph.schemas import input_schema, output_schema, schema_of
from nodetool.protocol.descriptions import TypeMetadata
from nodetool.protocol.errors import InvalidParams
from tests.graph.helpers import CATALOGUE, catalogue, describe_input, enum, graph, inlet, kind, node, outlet


def takes(*parts: Any) -> dict[str, Any]:
    schema = input_schema(graph(*parts), CATALOGUE)
    Draft202012Validator.check_schema(schema)
    return schema


def gives(*parts: Any) -> dict[str, Any]:
    schema = output_schema(graph(*parts), CATALOGUE)
    Draft202012Validator.check_schema(schema)
    return schema


def test_no_inputs_take_no_params() -> None:
    assert takes() == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def test_an_input_is_a_property_by_its_name() -> None:
    parts = [inlet("a", name="text", label="Your text", description="What to say", value="hi"), inlet("b")]

    assert takes(*parts)["properties"] == {
        "text": {"type": "string", "label": "Your text", "description": "What to say", "default": "hi"},
        "b": {"type": "string", "label": "", "description": "", "default": ""},
    }


def test_numbers_have_their_limits() -> None:
    properties = takes(inlet("n", "IntegerInput", min=1), inlet("x", "FloatInput", max=0.5, value=0.1))["properties"]

    assert properties["n"] == {
        "type": "integer",
        "label": "",
        "description": "",
        "minimum": 1,
        "maximum": 100,
        "default": 0,
    }
    assert (properties["x"]["type"], properties["x"]["minimum"], properties["x"]["maximum"]) == ("number", 0, 0.5)
    assert properties["x"]["default"] == 0.1


def test_only_an_input_without_any_default_is_required() -> None:
    schema = takes(inlet("a", value=None), inlet("b"), inlet("c", value="x"))

    assert schema["required"] == ["a"]
    assert "default" not in schema["properties"]["a"]


def test_a_picture_says_its_type() -> None:
    assert takes(inlet("i", "ImageInput"))["properties"]["i"] == {
        "type": "object",
        "properties": {"type": {"type": "string", "const": "image"}, "uri": {"type": "string", "format": "uri"}},
        "required": ["type"],
        "label": "",
        "description": "",
        "default": {"type": "image", "uri": ""},
    }


def test_what_cannot_be_told_is_left_out() -> None:
    parts = [
        inlet("a", name=""),
        node("x", "Nope"),
        inlet("b"),
        inlet("c", "IntegerInput", name="b"),
        outlet("o", name=""),
    ]

    assert list(takes(*parts)["properties"]) == ["b"]
    assert takes(*parts)["properties"]["b"]["type"] == "string"
    assert gives(*parts)["properties"] == {}


CONCAT, WORDS, TOKENS = node("concat", "Concat"), node("words", "Words"), node("tokens", "Tokens")


def test_an_output_has_the_type_of_its_node() -> None:
    schema = gives(outlet("s", "StringOutput", label="Text"), outlet("n", "IntegerOutput"), outlet("i", "ImageOutput"))

    assert schema["properties"]["s"] == {"type": "string", "label": "Text", "description": ""}
    assert schema["properties"]["n"]["type"] == "integer"
    assert schema["properties"]["i"]["properties"]["type"]["const"] == "image"
    assert schema["required"] == []


def test_an_output_of_anything_has_the_type_that_feeds_it() -> None:
    parts = [CONCAT, node("n", "Number"), outlet("one"), outlet("two"), outlet("none")]
    schema = gives(*parts, "concat > one", "concat > two", "n > two")

    assert schema["properties"] == {
        "one": {"type": "string", "label": "", "description": ""},
        "two": {"label": "", "description": ""},
        "none": {"label": "", "description": ""},
    }


def test_a_list_output_is_an_array_and_always_there() -> None:
    schema = gives(WORDS, outlet("o"), "words > o")

    assert schema["properties"]["o"] == {"type": "array", "items": {"type": "string"}, "label": "", "description": ""}
    assert schema["required"] == ["o"]


def test_joined_chunks_are_a_text() -> None:
    schema = gives(TOKENS, outlet("o"), "tokens > o")

    assert schema["properties"]["o"]["type"] == "string"
    assert schema["required"] == ["o"]


def test_a_graph_with_findings_has_schemas() -> None:
    parts = [node("x", "Nope"), CONCAT, outlet("o"), "x > o", "concat > concat.a", "concat.nope > o", "x > concat.b"]

    assert gives(*parts)["properties"] == {"o": {"label": "", "description": ""}}


@pytest.mark.parametrize(
    ("spelled", "good", "bad"),
    [
        ("list[int]", [1], ["a"]),
        ("list[int?]", [1, None], ["a"]),
        ("dict[str, int]", {"a": 1}, {"a": "b"}),
        ("tuple[int, str]", [1, "a"], [1]),
        ("tuple[int]", [1, 2, 3], ["a"]),
        ("int|str", "a", []),
        ("bytes", {"type": "bytes", "base64": ""}, "a"),
        ("chunk", {"type": "chunk", "content": "a"}, {"type": "text"}),
        ("language_model", {"type": "language_model", "id": "x"}, {"type": "image_model"}),
        ("datetime", "2026-01-01T00:00:00Z", 3),
        ("none", None, 3),
    ],
)
def test_the_schema_of_a_type(spelled: str, good: Any, bad: Any) -> None:
    schema = schema_of(kind(spelled))

    Draft202012Validator(schema).validate(good)
    with pytest.raises(ValidationError):
        Draft202012Validator(schema).validate(bad)


def test_the_schema_of_an_enum_lists_its_members() -> None:
    assert schema_of(enum("a", "b")) == {"type": "string", "enum": ["a", "b"]}
    assert schema_of(enum("a", 2)) == {"enum": ["a", 2]}
    assert schema_of(TypeMetadata(type="enum")) == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | st.floats(-200, 200) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)
SPELLED = ["str", "int", "float", "bool", "list[int]", "list[str?]", "dict[str, float]", "int|str", "tuple[int, str]"]


@given(st.sampled_from(SPELLED), VALUES)
def test_what_the_schema_allows_is_taken(spelled: str, value: Any) -> None:
    known = catalogue(describe_input("AnInput", spelled, None))
    document = graph(inlet("a", "AnInput"))
    if not Draft202012Validator(input_schema(document, known)).is_valid({"a": value}):
        return
    try:
        coerce({"a": value}, inputs_of(document, known))
    except InvalidParams as error:
        pytest.fail(str(error))
