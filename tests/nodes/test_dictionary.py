"""Dictionaries: read, made, and never changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.dictionary import (
    ArgMax,
    Combine,
    Filter,
    GetValue,
    MakeDictionary,
    ParseJSON,
    ReduceDictionaries,
    Remove,
    Update,
    Zip,
)
from nodetool.sdk.testing import outputs, run

DICTIONARIES = st.dictionaries(st.text(), st.integers())


def test_get_value_reads_a_key() -> None:
    assert run(GetValue(dictionary={"größe": 3}, key="größe")) == 3
    assert run(GetValue(dictionary={"": 3})) == 3


def test_get_value_gives_the_default_for_a_key_that_is_not_there() -> None:
    assert run(GetValue(dictionary={"a": 1}, key="b", default=0)) == 0


async def test_get_value_sends_nothing_without_a_default() -> None:
    assert await outputs(GetValue(dictionary={"a": 1}, key="b")) == {}


@given(DICTIONARIES, DICTIONARIES)
def test_combine_has_all_keys_and_the_second_wins(a: dict[str, Any], b: dict[str, Any]) -> None:
    both = Combine(dict_a=a, dict_b=b).process()

    assert both.keys() == a.keys() | b.keys()
    assert all(both[key] == b.get(key, a.get(key)) for key in both)


def test_combine_leaves_its_inputs() -> None:
    a, b = {"a": 1}, {"a": 2}

    assert run(Combine(dict_a=a, dict_b=b)) == {"a": 2}
    assert (a, b) == ({"a": 1}, {"a": 2})


def test_make_dictionary_takes_all_its_inputs() -> None:
    given_values = {"name": "Ada", "born": 1815}

    made = run(MakeDictionary(dynamic=given_values))

    assert made == given_values
    assert made is not given_values
    assert run(MakeDictionary()) == {}


RECORD: dict[str, Any] = {"name": "Ada", "born": 1815}
CODES = [{"code": "DE", "name": "Germany"}, {"code": "FR", "name": "France"}, {"code": "DE", "name": "Deutschland"}]


def test_a_record_is_changed_without_changing_it() -> None:
    assert run(Update(dictionary=RECORD, new_pairs={"born": 0, "city": "London"})) == {
        "name": "Ada",
        "born": 0,
        "city": "London",
    }
    assert run(Remove(dictionary=RECORD, key="born")) == {"name": "Ada"}
    assert run(Remove(dictionary=RECORD, key="age")) == RECORD
    assert run(Filter(dictionary=RECORD, keys=["born", "age"])) == {"born": 1815}
    assert RECORD == {"name": "Ada", "born": 1815}


@given(st.dictionaries(st.text(), st.integers()))
def test_zip_makes_a_dictionary_of_its_keys_and_values(record: dict[str, int]) -> None:
    assert Zip(keys=list(record), values=list(record.values())).process() == record


def test_zip_cuts_off_what_is_too_long() -> None:
    assert run(Zip(keys=["a", "b"], values=[1])) == {"a": 1}
    with pytest.raises(ValueError, match=r"keys: a key has to be a text or a number, got \[1\]"):
        run(Zip(keys=[[1]], values=[1]))


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none() | st.lists(st.booleans())))
def test_parse_json_reads_what_was_written(record: dict[str, Any]) -> None:
    assert ParseJSON(json_string=json.dumps(record)).process() == record


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": [1, 2', r"json_string: .* line 1 column 12 .*, near '\{\"a\": \[1, 2'"),
        ("[1]", "json_string: expected an object, got an array"),
        ('{"a": NaN}', "json_string: NaN is not JSON"),
    ],
)
def test_json_that_is_none_says_where(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(ParseJSON(json_string=text))


@pytest.mark.parametrize(("conflict", "name"), [("first", "Germany"), ("last", "Deutschland")])
def test_dictionaries_are_reduced_to_one(conflict: Any, name: str) -> None:
    made = run(
        ReduceDictionaries(dictionaries=CODES, key_field="code", value_field="name", conflict_resolution=conflict)
    )

    assert made == {"DE": name, "FR": "France"}


def test_without_a_value_field_the_rest_is_the_value() -> None:
    assert run(ReduceDictionaries(dictionaries=CODES[:2], key_field="code"))["FR"] == {"name": "France"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"key_field": "code", "conflict_resolution": "error"}, "key_field: two .* value there, got 'DE'"),
        ({"key_field": "id"}, "key_field: a dictionary has no 'id'; it has code, name"),
        ({"key_field": "code", "value_field": "x"}, "value_field: a dictionary has no 'x'"),
    ],
)
def test_what_cannot_be_reduced_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run(ReduceDictionaries(dictionaries=CODES, **fields))


def test_the_largest_score_wins() -> None:
    assert run(ArgMax(scores={"cat": 0.2, "dog": 0.7, "wolf": 0.7})) == "dog"
    with pytest.raises(ValueError, match="scores: must not be empty"):
        run(ArgMax())
