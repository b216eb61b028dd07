"""A plan with its classes."""

from typing import Annotated, Any, ClassVar

import pytest

from nodetool.engine.bind import bind, instance
from nodetool.graph.plan import Plan
from nodetool.protocol.errors import ImportFailed, NodeFailed, TypeMismatch
from nodetool.sdk import Meta, Node
from tests.engine.harness import Player, node
from tests.engine.kinds import Number


def find_fails(module: str, qualname: str, path: str | None) -> type[Node]:
    raise ImportFailed(f"{module}: no such module")


def finds(cls: type[Node]) -> Any:
    return lambda module, qualname, path: cls


@pytest.fixture
def plan(player: Player) -> Plan:
    return player.plan([node("first", "test.Number", value=3), node("second", "test.Number")])


def test_a_module_that_does_not_import_is_named_with_the_first_node_that_needs_it(plan: Plan) -> None:
    with pytest.raises(ImportFailed, match="no such module") as raised:
        bind(plan, find_fails)

    assert [fault.node_id for fault in raised.value.errors] == ["first"]


def test_a_class_that_refuses_its_values_fails_naming_the_node(plan: Plan) -> None:
    class Picky(Number):
        def __post_init__(self) -> None:
            raise ValueError("not three")

    with pytest.raises(NodeFailed, match="not three") as raised:
        bind(plan, finds(Picky))

    assert [fault.node_id for fault in raised.value.errors] == ["first"]


def test_a_value_that_no_longer_fits_its_field_fails_naming_node_and_handle(plan: Plan) -> None:
    class Narrow(Number):
        value: Annotated[int, Meta(le=2)] = 0

    with pytest.raises(TypeMismatch, match="value: expected int <= 2: 3") as raised:
        bind(plan, finds(Narrow))

    assert [(fault.node_id, fault.handle) for fault in raised.value.errors] == [("first", "value")]


def test_each_run_has_its_own_instance_with_its_own_lists() -> None:
    class Holder(Node):
        type_name: ClassVar = "test.Holder"
        runs: ClassVar = "inline"
        values: list[int] = []
        words: list[str] = []

        def process(self) -> int:
            return 0

    with Player(Holder) as player:
        bound = bind(player.plan([node("h", "test.Holder", values=[1])]), finds(Holder))
    one, other = instance(bound.nodes[0]), instance(bound.nodes[0])
    one.values.append(2)
    one.words.append("x")

    assert (other.values, other.words) == ([1], [])
    assert bound.nodes[0].template == Holder(values=[1])


def test_inputs_start_first_then_others_without_edges_in_document_order(player: Player) -> None:
    plan = player.plan(
        [node("n", "test.Number"), node("x", "nodetool.input.IntegerInput", name="x"), node("c", "test.Count")],
        "x.output -> c.start",
    )
    bound = bind(plan, player.find)

    assert [bound.nodes[index].id for index in bound.starters] == ["x", "n"]
    assert [one.is_quick for one in bound.nodes] == [True, True, False]
