"""The workflows that every server is asked to run: nodes of the library only, small, and with a known end."""

from dataclasses import dataclass, field
from typing import Any

from nodetool.conformance.graphs import Sketch
from nodetool.protocol.events import Status

ESCAPES = (
    'quote " backslash \\ slash / tab \t line \n return \r bell \x07 null \x00 delete \x7f '
    "next line \x85 separators \u2028 \u2029 mark \ufeff \ufffd umlauts äöüß עברית 漢字 astral 𝄞 👩‍👩‍👧 \U0010ffff\n\n"
    'data: [DONE]\n\nid: 1\n: comment\r\n\\u0041 \\n {"type":"job_update"}'
)
"""Text that breaks whoever frames, cuts or escapes carelessly."""

NUMBERS = [0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 0.1, -0.5, 1.0, 1e300, 5e-324, 123456.789]

NESTED = {
    "": "empty key",
    ESCAPES: ESCAPES,
    "numbers": NUMBERS,
    "nothing": None,
    "flags": [True, False, [], {}, "", [[[[]]]]],
    "seq": 1,
    "type": "job_update",
    "status": "completed",
}
"""Values that look like what is around them, and numbers at the edges of what fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A workflow with params, and how its run must end."""

    name: str
    graph: dict[str, Any]
    params: dict[str, Any] = field(default_factory=dict)
    status: Status = "completed"
    result: dict[str, Any] | None = None
    """With ``completed``."""
    code: str | None = None
    """With ``failed``; and the node at fault."""
    node_id: str | None = None
    ordered: bool = True
    """Whether the order of all events is fixed, not only of those about one node."""


def cases() -> list[Case]:
    return [
        trivial(),
        branch(taken=True),
        branch(taken=False),
        meeting(first=True),
        meeting(first=False),
        stream(500),
        fan_out(8),
        calls(6),
        slow(12, 0.03),
        failing(),
        empty_list(),
        escapes(),
        large(100_000),
        many_outputs(40),
    ]


def trivial() -> Case:
    sketch = Sketch()
    text = sketch.input("String", "text")
    sketch.add("greet", "nodetool.text.Concat", {"a": "Hello, "}, b=text)
    sketch.output("greeting", "greet", "String")
    return Case(name="trivial", graph=sketch.graph, params={"text": "world"}, result={"greeting": "Hello, world"})


def branch(*, taken: bool) -> Case:
    """A value goes one way; the output of the other way is absent."""
    sketch = Sketch()
    flag, text = sketch.input("Boolean", "flag"), sketch.input("String", "text")
    sketch.add("if", "nodetool.control.If", condition=flag, value=text)
    sketch.add("shout", "nodetool.text.Concat", {"b": "!"}, a="if.if_true")
    sketch.output("yes", "shout")
    sketch.output("no", "if.if_false")
    return Case(
        name="branch taken" if taken else "branch not taken",
        graph=sketch.graph,
        params={"flag": taken, "text": "go"},
        result={"yes": "go!"} if taken else {"no": "go"},
    )


def meeting(*, first: bool) -> Case:
    """Two branches lead to one output; the one that is taken brings its value."""
    sketch = Sketch()
    flag, text = sketch.input("Boolean", "flag"), sketch.input("String", "text")
    sketch.add("if", "nodetool.control.If", condition=flag, value=text)
    sketch.add("left", "nodetool.text.Concat", {"a": "left "}, b="if.if_true")
    sketch.add("right", "nodetool.text.Concat", {"a": "right "}, b="if.if_false")
    sketch.connect("right", sketch.output("way", "left"), "value")
    return Case(
        name="branches meet left" if first else "branches meet right",
        graph=sketch.graph,
        params={"flag": first, "text": "turn"},
        result={"way": "left turn" if first else "right turn"},
    )


def stream(count: int) -> Case:
    """Items one by one, to an output that is a list for that reason."""
    items = [f"item {index}" for index in range(count)]
    sketch = Sketch()
    sketch.add("each", "nodetool.control.ForEach", input_list=sketch.input("List", "rows"))
    sketch.add("mark", "nodetool.text.Concat", {"b": "."}, a="each")
    sketch.output("items", "mark")
    sketch.add("watch", "nodetool.workflows.base_node.Preview", value="mark")
    return Case(
        name=f"stream of {count}",
        graph=sketch.graph,
        params={"rows": items},
        result={"items": [f"{item}." for item in items]},
        ordered=False,
    )


def fan_out(count: int) -> Case:
    """One value to many nodes, and their values into one list, in the order of the edges."""
    sketch = Sketch()
    text = sketch.input("String", "text")
    for index in range(count):
        sketch.add(f"part{index}", "nodetool.text.Concat", {"b": f" {index}"}, a=text)
    sketch.add("collect", "nodetool.control.Collect")
    for index in range(count):
        sketch.connect(f"part{index}", "collect", "input_item")
    sketch.output("parts", "collect", "List")
    parts = [f"part {index}" for index in range(count)]
    return Case(name="fan-out and collect", graph=sketch.graph, params={"text": "part"}, result={"parts": parts})


def calls(count: int) -> Case:
    """A workflow that comes along is called for each of many items, several at a time."""
    inner = Sketch()
    inner.add("mark", "nodetool.text.Concat", {"b": "!"}, a=inner.input("String", "word"))
    inner.output("marked", "mark", "String")
    sketch = Sketch(called={"mark": {"name": "Mark", "graph": inner.graph}})
    sketch.add("map", "nodetool.workflows.Map", {"workflow_id": "mark"}, values=sketch.input("List", "words"))
    sketch.output("marked", "map.marked")
    words = [f"word {index}" for index in range(count)]
    return Case(
        name="calls",
        graph=sketch.graph,
        params={"words": words},
        result={"marked": [f"{word}!" for word in words]},
        ordered=False,
    )


def slow(count: int, pause: float) -> Case:
    """Items with a pause before each, and progress."""
    items = [f"step {index}" for index in range(count)]
    sketch = Sketch()
    sketch.add("pace", "nodetool.control.Pace", {"seconds": pause}, input_list=sketch.input("List", "steps"))
    sketch.add("watch", "nodetool.workflows.base_node.Preview", value="pace")
    sketch.output("done", "pace")
    sketch.add("collect", "nodetool.control.Collect", input_item="pace")
    sketch.add("count", "nodetool.list.Length", values="collect")
    sketch.output("count", "count", "Integer")
    return Case(
        name="slow with progress",
        graph=sketch.graph,
        params={"steps": items},
        result={"done": items, "count": count},
        ordered=False,
    )


def failing() -> Case:
    """A node raises, after an output has its value."""
    sketch = Sketch()
    text = sketch.input("String", "text")
    sketch.output("before", text)
    sketch.add("split", "nodetool.text.Split", {"delimiter": ""}, text=text)
    sketch.output("after", "split")
    return Case(
        name="failing node",
        graph=sketch.graph,
        params={"text": "whole"},
        status="failed",
        code="node_failed",
        node_id="split",
    )


def empty_list() -> Case:
    """A stream of nothing makes an empty list, not an absent one."""
    sketch = Sketch()
    rows = sketch.input("List", "rows")
    sketch.add("each", "nodetool.control.ForEach", input_list=rows)
    sketch.output("items", "each")
    sketch.add("collect", "nodetool.control.Collect", input_item="each")
    sketch.output("same", rows, "List")
    return Case(name="empty lists", graph=sketch.graph, params={"rows": []}, result={"items": [], "same": []})


def escapes() -> Case:
    """Text, keys and numbers that a careless framing, cut or codec spoils."""
    sketch = Sketch()
    sketch.output("text", sketch.input("String", "text"), "String")
    sketch.output("nested", sketch.input("Dictionary", "nested"))
    sketch.add("each", "nodetool.control.ForEach", input_list=sketch.input("List", "rows"))
    sketch.output("items", "each")
    rows = [ESCAPES, *NUMBERS, True, "", {}, [None]]
    return Case(
        name="escapes",
        graph=sketch.graph,
        params={"text": ESCAPES, "nested": NESTED, "rows": rows},
        result={"text": ESCAPES, "nested": NESTED, "items": rows},
        ordered=False,
    )


def large(size: int) -> Case:
    """A value that is larger than the buffers on its way."""
    text = ("0123456789äö𝄞" * (size // 18 + 1)).encode()[:size].decode(errors="ignore")
    sketch = Sketch()
    sketch.output("text", sketch.input("String", "text"), "String")
    return Case(name=f"value of {size // 1000} KB", graph=sketch.graph, params={"text": text}, result={"text": text})


def many_outputs(count: int) -> Case:
    sketch = Sketch()
    text = sketch.input("String", "text")
    for index in range(count):
        sketch.add(f"part{index}", "nodetool.text.Concat", {"b": str(index)}, a=text)
        sketch.output(f"value_{index}", f"part{index}")
    result = {f"value_{index}": f"x{index}" for index in range(count)}
    return Case(name="many outputs", graph=sketch.graph, params={"text": "x"}, result=result)


def unknown_node() -> dict[str, Any]:
    """Return a graph that can be stored and not run."""
    sketch = Sketch()
    sketch.add("mystery", "conformance.NoSuchNode", {})
    sketch.output("value", "mystery")
    return sketch.graph
