"""The workflows that a crowd of clients runs, and what each of them comes to."""

from pathlib import Path
from typing import Any

from tests.acceptance.client import Client
from tests.graphs import Json, through

ITEMS = 40

WORK: dict[str, Json] = {
    "echo": through("nodetool.text.Concat", "a", b="!"),
    "emit": through("bench.nodes.Emit", count=ITEMS),
    "steps": through("bench.nodes.Steps", steps=4, seconds=0.06),
    "trek": through("bench.nodes.Steps", steps=30, seconds=0.1),
    "alone": through("bench.nodes.BlockingSleep", seconds=0.1),
    "core": through("bench.nodes.Busy", seconds=0.05),
    "long": through("bench.nodes.BlockingSleep", seconds=3),
}
"""``long`` is for being cancelled: it does not stop when it is asked to, only with its process."""


def save_work(client: Client, gate: Path) -> None:
    """Store the workflows; ``gate`` waits until the file of this name is there."""
    for id, made in (WORK | {"gate": through("tests.Gate", path=str(gate))}).items():
        client.save(id, made)


def result_of(workflow: str, text: str) -> Any:
    """Return what a run that completes comes to."""
    if workflow == "echo":
        return {"out": f"{text}!"}
    if workflow == "emit":
        return {"out": [f"{text} {item}" for item in range(ITEMS)]}
    return {"out": text}
