from hypothesis import given
from hypothesis import strategies as st

from nodetool.graph.cycles import cycles

GRAPHS = st.integers(1, 8).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=3), min_size=size, max_size=size)
)


def reached(targets: list[list[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = [*targets[start]]
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(targets[node])
    return found


@given(GRAPHS)
def test_nodes_that_reach_each_other_are_one_cycle(targets: list[list[int]]) -> None:
    far = [reached(targets, start) for start in range(len(targets))]
    components = {tuple(b for b in range(len(targets)) if b in far[a] and a in far[b]) for a in range(len(targets))}

    assert cycles(targets) == sorted(list(one) for one in components if one)


def test_a_deep_graph_takes_no_recursion() -> None:
    size = 20_000
    line = [[node + 1] for node in range(size - 1)]

    assert cycles([*line, []]) == []
    assert cycles([*line, [0]]) == [list(range(size))]
