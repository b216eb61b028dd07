import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.types import fits, spell
from nodetool.protocol.descriptions import ANY, TypeMetadata
from tests.graph.helpers import enum, kind

NAMES = st.sampled_from(["any", "str", "int", "float", "bool", "list", "dict", "image", "none", "bytes"])
ENUMS = st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(lambda values: enum(*values))


def larger(types: st.SearchStrategy[TypeMetadata]) -> st.SearchStrategy[TypeMetadata]:
    lists = types.map(lambda item: TypeMetadata(type="list", type_args=[item]))
    dicts = types.map(lambda item: TypeMetadata(type="dict", type_args=[kind("str"), item]))
    unions = st.lists(types, min_size=1, max_size=3).map(lambda some: TypeMetadata(type="union", type_args=some))
    return lists | dicts | unions


TYPES = st.recursive(NAMES.map(kind) | ENUMS, larger, max_leaves=6)


@given(TYPES)
def test_a_type_fits_itself(one: TypeMetadata) -> None:
    assert fits(one, one)


@given(TYPES)
def test_any_goes_both_ways(one: TypeMetadata) -> None:
    assert fits(one, ANY)
    assert fits(ANY, one)


@given(TYPES, TYPES)
def test_a_list_fits_as_its_items_do(one: TypeMetadata, other: TypeMetadata) -> None:
    lists = [TypeMetadata(type="list", type_args=[item]) for item in (one, other)]

    assert fits(lists[0], lists[1]) == fits(one, other)


@given(TYPES.filter(lambda one: one.type != "union"), TYPES)
def test_a_union_takes_what_one_of_its_members_takes(one: TypeMetadata, other: TypeMetadata) -> None:
    union = TypeMetadata(type="union", type_args=[other, kind("bool")])

    assert fits(one, union) or not fits(one, other)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("int", "float", True),
        ("float", "int", True),
        ("bool", "int", False),
        ("str", "int", False),
        ("str", "text", False),
        ("list", "list[str]", True),
        ("list[int]", "list[float]", True),
        ("list[int]", "list[str]", False),
        ("dict", "dict[str, int]", True),
        ("dict[str, int]", "dict[str, str]", False),
        ("str", "list[str]", False),
        ("str", "int|str", True),
        ("int|str", "str", True),
        ("int|str", "int|str|bool", True),
        ("int|str", "int|bool", False),
        ("str?", "str", True),
        ("none", "str?", True),
        ("none", "str", False),
        ("image", "audio", False),
    ],
)
def test_fits_as_in_the_table(source: str, target: str, expected: bool) -> None:
    assert fits(kind(source), kind(target)) is expected


def test_enums_fit_if_they_have_the_same_members() -> None:
    assert fits(enum("a", "b"), enum("b", "a"))
    assert not fits(enum("a", "b"), enum("a"))
    assert fits(TypeMetadata(type="enum"), enum("a"))


def test_a_text_is_no_enum() -> None:
    assert not fits(kind("str"), enum("a"))
    assert not fits(enum("a"), kind("str"))


def test_tuples_need_as_many_arguments() -> None:
    assert not fits(kind("tuple[int]"), kind("tuple[int, int]"))


@pytest.mark.parametrize("spelled", ["str", "list[str]", "dict[str, int]", "list[list[int]]"])
def test_spells_types_as_they_are_written(spelled: str) -> None:
    assert spell(kind(spelled)) == spelled


def test_spells_unions_and_enums() -> None:
    assert spell(kind("int|str")) == "int | str"
    assert spell(enum("a", 2)) == "enum(a|2)"
    assert spell(enum(*"abcdefgh")) == "enum(a|b|c|d|e|f|…)"
