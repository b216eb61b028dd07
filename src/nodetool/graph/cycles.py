"""Which nodes of a graph lie on cycles. No recursion: a graph may be ten thousand nodes deep."""

from collections.abc import Iterator, Sequence

Targets = Sequence[Sequence[int]]
"""For each node, the nodes that its edges lead to."""


def cycles(targets: Targets) -> list[list[int]]:
    """Return the strongly connected components that hold a cycle, each in ascending order, the lowest first.

    Kosaraju's way: what a walk against the edges reaches, begun at the node finished last, is one component.
    """
    placed = _before_cycles(targets)
    starts = _finished(targets, bytearray(placed))
    sources = _reversed(targets) if starts else ()
    found = []
    for start in reversed(starts):
        if not placed[start]:
            component = sorted(_walk(start, sources, placed))
            if len(component) > 1 or start in targets[start]:
                found.append(component)
    return sorted(found)


def _before_cycles(targets: Targets) -> bytearray:
    """Mark what no cycle leads to. In most graphs that is every node, and there is nothing more to do."""
    waits_for = [0] * len(targets)
    for reached in targets:
        for target in reached:
            waits_for[target] += 1
    free = [node for node, count in enumerate(waits_for) if not count]
    for node in free:  # which grows
        for target in targets[node]:
            waits_for[target] -= 1
            if not waits_for[target]:
                free.append(target)
    return bytearray(count == 0 for count in waits_for)


def _reversed(targets: Targets) -> Targets:
    sources: list[list[int]] = [[] for _ in targets]
    for source, reached in enumerate(targets):
        for target in reached:
            sources[target].append(source)
    return sources


def _finished(targets: Targets, seen: bytearray) -> list[int]:
    """Return the nodes not seen yet, in the order in which a depth-first walk leaves them."""
    order: list[int] = []
    for start in range(len(targets)):
        if not seen[start]:
            order.extend(_walk(start, targets, seen))
    return order


def _walk(start: int, targets: Targets, seen: bytearray) -> Iterator[int]:
    """Walk from *start* over what was not seen yet; give each node when everything behind it is done."""
    seen[start] = True
    path = [(start, iter(targets[start]))]
    while path:
        node, rest = path[-1]
        for target in rest:
            if not seen[target]:
                seen[target] = True
                path.append((target, iter(targets[target])))
                break
        else:
            path.pop()
            yield node
