"""JSON: read, written, filled, checked."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.json import FilterJSON, JSONTemplate, ParseDict, ParseList, StringifyJSON, ValidateJSON
from nodetool.sdk import Chunk, Node
from nodetool.sdk.testing import run

NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("node", "value"),
    [
        (ParseDict(json_string='{"a": [1, 2.5, null, true, "é"]}'), {"a": [1, 2.5, None, True, "é"]}),
        (ParseDict(json_string=" {} "), {}),
        (ParseList(json_string='[{"a": 1}]'), [{"a": 1}]),
        (ParseList(json_string="[]"), []),
    ],
    ids=repr,
)
def test_json_is_read(node: Node, value: Any) -> None:
    assert run(node) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "json_string: Expecting value: line 1 column 1"),
        ('{"a": [1, 2', "json_string: Expecting ',' delimiter: line 1 column 12"),
        ('{"a": "cut', "json_string: Unterminated string"),
        ("{'a': 1}", "json_string: Expecting property name enclosed in double quotes"),
        ('{"a": NaN}', "json_string: NaN is not JSON"),
        ("[1]", "json_string: expected an object, got an array"),
        ("3", "json_string: expected an object, got a number"),
        ("null", "json_string: expected an object, got null"),
        ("[" * 100_000, "json_string: is nested too deeply"),
    ],
)
def test_what_is_no_object_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(ParseDict(json_string=text))


def test_what_is_no_array_says_why() -> None:
    with pytest.raises(ValueError, match="json_string: expected an array, got an object"):
        run(ParseList(json_string="{}"))


@given(st.dictionaries(st.text(), VALUES, max_size=3), st.integers(0, 4))
def test_reading_undoes_writing(value: dict[str, Any], indent: int) -> None:
    text = StringifyJSON(data=value, indent=indent).process()

    assert ParseDict(json_string=text).process() == value


@pytest.mark.parametrize(
    ("data", "indent", "text"),
    [
        ({"a": [1]}, 2, '{\n  "a": [\n    1\n  ]\n}'),
        ({"a": [1]}, 0, '{"a": [1]}'),
        ("é 🌍", 0, '"é 🌍"'),
        (float("nan"), 0, "null"),
        (datetime(2025, 11, 27, tzinfo=UTC), 0, '"2025-11-27T00:00:00Z"'),
        (Chunk(content="x"), 0, None),
        (b"\x00", 0, '{"type": "bytes", "base64": "AA=="}'),
        (None, 2, "null"),
    ],
)
def test_values_are_written_as_json(data: Any, indent: int, text: str | None) -> None:
    written = run(StringifyJSON(data=data, indent=indent))

    assert written == text if text else json.loads(written)["content"] == "x"


@pytest.mark.parametrize("indent", [-1, 17])
def test_indent_has_limits(indent: int) -> None:
    with pytest.raises(ValueError, match="indent: Expected `int`"):
        run(StringifyJSON(indent=indent))


def test_a_filter_compares_as_json_does() -> None:
    rows: list[dict[str, Any]] = [{"id": 1}, {"id": True}, {"id": 1.0}, {"id": "1"}, {"id": None}, {}]

    assert run(FilterJSON(array=rows, key="id", value=1)) == [{"id": 1}, {"id": 1.0}]
    assert run(FilterJSON(array=rows, key="id", value=True)) == [{"id": True}]
    assert run(FilterJSON(array=rows, key="id")) == [{"id": None}]
    assert run(FilterJSON()) == []


class TestJSONTemplate:
    @pytest.mark.parametrize(
        ("template", "values", "result"),
        [
            ('{"name": "$user", "age": $age}', {"user": "John", "age": 30}, {"name": "John", "age": 30}),
            ('{"name": $user}', {"user": "John"}, {"name": "John"}),
            ('{"text": "Hi $user, $n"}', {"user": "J", "n": 2}, {"text": "Hi J, 2"}),
            ('{"rows": $rows}', {"rows": [{"a": None}]}, {"rows": [{"a": None}]}),
            ('{"$key": 1}', {"key": "é"}, {"é": 1}),
            ('{"price": "$5 for $nobody"}', {}, {"price": "$5 for $nobody"}),
            ('{"a\\"$b": "\\\\$b"}', {"b": "x"}, {'a"x': "\\x"}),
            ("{}", {}, {}),
        ],
    )
    def test_fills_in_values(self, template: str, values: dict[str, Any], result: Any) -> None:
        assert run(JSONTemplate(template=template, values=values)) == result

    @given(VALUES.filter(lambda value: value is not None), st.text())
    def test_values_cannot_break_out(self, value: Any, text: str) -> None:
        filled = JSONTemplate(template='{"a": $value, "b": "$text"}', values={"value": value, "text": text}).process()

        assert filled == {"a": value, "b": text}

    @pytest.mark.parametrize(
        ("template", "message"),
        [
            ('{"a": $nobody}', r"values: has no value for \$nobody"),
            ("[$a]", "template: expected an object, got an array"),
            ('{"a": "cut', "template: Unterminated string"),
            ('{"a": "' + '\\"' * 100_000, "template: Unterminated string"),
            ("", "template: Expecting value"),
        ],
        ids=["no value", "array", "cut", "long cut", "empty"],
    )
    def test_says_what_is_wrong(self, template: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            run(JSONTemplate(template=template, values={"a": 1}))


DRAFT_4 = "http://json-schema.org/draft-04/schema#"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}


class TestValidateJSON:
    @pytest.mark.parametrize(
        ("data", "schema", "fits"),
        [
            ({"name": "Ada", "age": 36}, PERSON, True),
            ({"name": "Ada", "age": -1}, PERSON, False),
            ({"age": 36}, PERSON, False),
            ([], PERSON, False),
            (None, {"type": "null"}, True),
            ({"anything": 1}, {}, True),
            ({"a": 1}, {"$ref": "#/$defs/a", "$defs": {"a": {"required": ["b"]}}}, False),
            (["a"], {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]}, False),
            ((1, 2), {"type": "array"}, True),
        ],
    )
    def test_says_whether_data_fits(self, data: Any, schema: dict[str, Any], fits: bool) -> None:
        assert run(ValidateJSON(data=data, json_schema=schema)) is fits

    @pytest.mark.parametrize(
        ("schema", "message"),
        [
            ({"type": "objekt"}, "json_schema: 'objekt' is not valid"),
            ({"$ref": "#/$defs/nowhere"}, "json_schema: the reference '/\\$defs/nowhere' is not in the schema"),
            ({"$ref": "http://127.0.0.1:9/schema.json"}, "json_schema: the reference 'http://127.0.0.1:9/schema.json'"),
            ({"$ref": "file:///etc/hosts"}, "json_schema: the reference 'file:///etc/hosts' is not in the schema"),
            ({"pattern": "("}, r"json_schema: '\(' is not a 'regex'"),
            ({"$schema": DRAFT_4, "patternProperties": {"(": {}}}, r"json_schema: is not a pattern: missing \)"),
            ({"$ref": "#"}, "json_schema: refers to itself without end"),
        ],
        ids=["type", "reference", "over the network", "on disk", "pattern", "pattern of names", "circle"],
    )
    def test_a_schema_that_is_none_is_an_error(self, schema: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            run(ValidateJSON(data={"x": 1}, json_schema=schema))

    def test_additional_properties_are_those_that_neither_name_nor_pattern_allows(self) -> None:
        schema = {
            "properties": {"a": {}},
            "patternProperties": {"^x": {"type": "integer"}},
            "additionalProperties": {"type": "string"},
        }

        assert run(ValidateJSON(data={"a": 1, "x1": 2, "b": "c"}, json_schema=schema))
        assert not run(ValidateJSON(data={"b": 1}, json_schema=schema))
        assert not run(ValidateJSON(data={"x": "c"}, json_schema=schema))
        assert not run(ValidateJSON(data={"b": 1}, json_schema={"additionalProperties": False}))

    def test_a_pattern_is_searched(self) -> None:
        assert run(ValidateJSON(data="abc", json_schema={"pattern": "b"}))
        assert not run(ValidateJSON(data="abc", json_schema={"pattern": "^b"}))
        assert run(ValidateJSON(data=3, json_schema={"pattern": "^b"}))
