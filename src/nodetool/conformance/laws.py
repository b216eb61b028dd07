"""What must hold for the events of any job, whoever sent them. Pure: events in, the first thing that is wrong out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from nodetool.protocol.events import ENDED
from nodetool.protocol.values import spelled

Event = dict[str, Any]
"""An event as it was decoded, with whatever the server put there."""

Whom = tuple[str | int, ...]
"""A node or an edge, and where it is."""

ENDS_OF_A_NODE = frozenset({"completed", "error", "cancelled"})

BY_RUN = frozenset({"job_id", "seq", "time", "stats"})
"""What differs from run to run. ``seq`` does as far as events are left out because they come too fast."""

THROTTLED = frozenset({"node_progress", "preview_update"})
"""Kinds of events of which only the last is certain."""

SHOWN = 160
"""Characters of a value that are shown."""


class Wrong(Exception):
    """The server broke the contract; the text says how."""


def canonical(value: Any) -> bytes:
    """Return a value as bytes that are the same for the same value only: 1, 1.0 and true are three."""
    return msgspec.json.encode(spelled(value), order="deterministic")


def check(events: Sequence[Event], *, job_id: str, workflow_id: str) -> None:
    """Check a whole log. Raises Wrong."""
    check_numbers(events, 1)
    for event in events:
        if (event.get("job_id"), event.get("workflow_id")) != (job_id, workflow_id):
            raise Wrong(f"{named(event)} is not of job {job_id} and workflow {workflow_id}")
        if not isinstance(event.get("time"), int):
            raise Wrong(f"{named(event)} has no time in milliseconds")
    check_states([event for event in events if event.get("type") == "job_update"], events)
    check_nodes(events)
    check_edges(events)


def check_numbers(events: Sequence[Event], first: int) -> None:
    """Check that events are numbered without a gap from *first* on."""
    for due, event in enumerate(events, first):
        if event.get("seq") != due:
            raise Wrong(f"{named(event)} came where event {due} was due")


def check_states(updates: Sequence[Event], events: Sequence[Event]) -> None:
    """Check that a job begins queued and ends once, at the end."""
    if not events or not updates or updates[0] is not events[0] or updates[0].get("status") != "queued":
        raise Wrong(f"the first event is not job_update queued but {named(events[0]) if events else 'missing'}")
    ends = [update for update in updates if update.get("status") in ENDED]
    if len(ends) != 1:
        raise Wrong(f"there are {len(ends)} terminal events: {', '.join(map(named, ends)) or 'none'}")
    if ends[0] is not events[-1]:
        raise Wrong(f"{named(events[-1])} stands behind the terminal event, {named(ends[0])}")
    for update in updates:
        if ("result" in update) != (update.get("status") == "completed"):
            raise Wrong(f"{named(update)} {'has a' if 'result' in update else 'has no'} result")
    if ends[0]["status"] == "completed" and updates[-2].get("status") != "running":
        raise Wrong("the job completed without job_update running before")


def check_nodes(events: Sequence[Event]) -> None:
    """Check that in each attempt a node starts once, and ends once at most, after that."""
    open_nodes: dict[Whom, str] = {}
    for event in events:
        if event.get("type") == "job_update" and event.get("status") == "running":
            open_nodes = {}
        if event.get("type") != "node_update" or event.get("status") == "waiting":
            continue
        node, status = whom(event, "node_id"), str(event.get("status"))
        before = open_nodes.get(node)
        if before is None and status != "running":
            raise Wrong(f"{named(event)}, but the node never started")
        if before is not None and (before != "running" or status not in ENDS_OF_A_NODE):
            raise Wrong(f"{named(event)}, but the node was {before} before")
        open_nodes[node] = status
    still = [node for node, status in open_nodes.items() if status == "running"]
    if still:
        raise Wrong(f"node {spelled_out(still[0])} started and never ended")


def check_edges(events: Sequence[Event]) -> None:
    """Check that in each attempt an edge counts upwards, and says nothing once it is drained."""
    counters: dict[Whom, int] = {}
    drained: set[Whom] = set()
    for event in events:
        if event.get("type") == "job_update" and event.get("status") == "running":
            counters, drained = {}, set()
        if event.get("type") != "edge_update":
            continue
        edge, counter = whom(event, "edge_id"), event.get("counter")
        if edge in drained:
            raise Wrong(f"{named(event)}, but the edge was drained before")
        if not isinstance(counter, int) or counter < counters.get(edge, 0):
            raise Wrong(f"{named(event)} counts {counter!r} after {counters.get(edge, 0)}")
        counters[edge] = counter
        if event.get("status") == "drained":
            drained.add(edge)


def check_drained(events: Sequence[Event], edges: Iterable[str]) -> None:
    """Check that every edge of a completed job was drained, also one that carried nothing."""
    drained = {event.get("edge_id") for event in events if event.get("status") == "drained" and "path" not in event}
    if left := [edge for edge in edges if edge not in drained]:
        raise Wrong(f"edge {left[0]!r} was never drained")


def check_outputs(events: Sequence[Event]) -> None:
    """Check that the result of a completed job is what its ``output_update``s brought."""
    result = events[-1].get("result")
    if not isinstance(result, dict):
        raise Wrong(f"the result is no object but {shown(result)}")
    arrived: dict[str, list[Any]] = {}
    for event in events:
        if event.get("type") == "output_update":
            arrived.setdefault(str(event.get("output_name")), []).append(event.get("value"))
    for name in {**result, **arrived}:
        values, value = arrived.get(name, []), result.get(name)
        if canonical(values) not in (canonical([value]), canonical(value)) or name not in result:
            raise Wrong(f"output {name!r} is {shown(value)}, but its events brought {shown(values)}")


Story = Mapping[str, Sequence[Event]]
"""What a run told, by whom it is about, without what differs from run to run."""


def story(events: Sequence[Event], *, ordered: bool) -> Story:
    """Return what another run of the same workflow has to tell too.

    Where a workflow leaves open which of its nodes is first (not *ordered*), only the order of what is about one node,
    one edge or the job is fixed.
    """
    told: dict[str, list[Event]] = {}
    for event in events:
        kind, about = event.get("type"), subject(event)
        plain = {key: value for key, value in event.items() if key not in BY_RUN}
        if kind in THROTTLED:
            told[f"the last {kind} of {about}"] = [plain]
        elif event.get("status") != "message_sent":
            told.setdefault(about if not ordered else "the run", []).append(plain)
    return told


def subject(event: Event) -> str:
    """Return whom an event is about."""
    for key in ("node_id", "edge_id"):
        if key in event:
            return f"{key[:4]} {spelled_out(whom(event, key))}"
    return "the job"


def whom(event: Event, key: str) -> Whom:
    """Return the node or edge that an event is about, behind the nodes that lead to it."""
    return (*(event.get("path") or ()), str(event.get(key)))


def spelled_out(one: Whom) -> str:
    return repr("/".join(map(str, one)))


def compare(one: Story, other: Story, names: tuple[str, str]) -> None:
    """Check that two runs told the same. Raises Wrong with the first difference."""
    for about in {**one, **other}:
        compare_events(one.get(about, ()), other.get(about, ()), names, f"what is told of {about}: ")


def compare_events(one: Sequence[Event], other: Sequence[Event], names: tuple[str, str], where: str = "") -> None:
    """Check that two readers heard the same. Raises Wrong with the first difference."""
    for here, there in zip(one, other, strict=False):
        if canonical(here) != canonical(there):
            raise Wrong(f"{where}{named(there)} differs: {difference(here, there, names)}")
    if len(one) != len(other):
        longer = one if len(one) > len(other) else other
        have, lack = names if longer is one else names[::-1]
        raise Wrong(f"{where}{have} has {named(longer[min(len(one), len(other))])}, where {lack} has nothing more")


def difference(here: Any, there: Any, names: tuple[str, str], path: str = "") -> str:
    """Tell where two values that differ do so first."""
    if isinstance(here, dict) and isinstance(there, dict):
        for key in {**here, **there}:
            if key not in here or key not in there:
                has = names[0] if key in here else names[1]
                return f"only {has} has {path}{key}"
            if canonical(here[key]) != canonical(there[key]):
                return difference(here[key], there[key], names, f"{path}{key}.")
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        for index, pair in enumerate(zip(here, there, strict=True)):
            if canonical(pair[0]) != canonical(pair[1]):
                return difference(*pair, names, f"{path}{index}.")
    return f"{path.rstrip('.')} is {shown(here)} for {names[0]} and {shown(there)} for {names[1]}"


def named(event: Event) -> str:
    """Return an event in a few words."""
    words = [event.get(key) for key in ("type", "status", "node_id", "edge_id", "output_name")]
    number = f"event {event['seq']} " if "seq" in event else ""
    return f"{number}({' '.join(str(word) for word in words if word is not None)})"


def shown(value: Any) -> str:
    text = canonical(value).decode()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} bytes)"
