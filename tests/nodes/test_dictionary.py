"""Dictionaries: read, made, and never changed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.dictionary import Combine, GetValue, MakeDictionary
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
