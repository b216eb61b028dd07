"""Nodes that would run for ever, in a real server: the run fails in a sentence, and the others are not disturbed."""

from concurrent.futures import ThreadPoolExecutor

from tests.acceptance.client import Client, Heard
from tests.graphs import graph, node, output, text_input, through

ENDLESS = {
    "pattern": graph(
        [text_input("in", "text"), node("node", "nodetool.text.RegexMatch", pattern="(a|aa)+$"), output()],
        "in.output -> node.text",
        "node.output -> out.value",
    ),
    "template": graph(
        [
            node("node", "nodetool.text.FormatText", template="{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3),
            output(),
        ],
        "node.output -> out.value",
    ),
}


def test_what_would_run_for_ever_fails_and_others_are_not_disturbed(client: Client) -> None:
    for id, workflow in ENDLESS.items():
        client.save(id, workflow)
    client.save("quick", through("nodetool.text.Concat", "a", b="!"))
    with ThreadPoolExecutor(2) as threads:
        endless = threads.submit(client.sync, "pattern", text="a" * 60 + "b"), threads.submit(client.sync, "template")
        quick: list[Heard] = []
        while not all(one.done() for one in endless):
            quick.append(client.sync("quick", text="hi"))

    pattern, template = (one.result().last for one in endless)
    assert [(one["code"], one["errors"][0]["handle"]) for one in (pattern, template)] == [
        ("node_failed", "pattern"),
        ("node_failed", "template"),
    ]
    assert "takes too long on this text, and was stopped after a second, got '(a|aa)+$'" in pattern["error"]
    assert [one.last["attempt"] for one in quick] == [1] * len(quick)  # nobody had to kill their runner
    assert {one.last["status"] for one in quick} == {"completed"}
    assert len(quick) >= 2
