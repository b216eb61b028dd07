"""The whole library against the facts: names, handles, types, defaults and limits that workflows out there rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nodetool.graph.values import check_limits, fit
from nodetool.protocol.descriptions import NodeDescription, Property, TypeMetadata
from nodetool.protocol.values import spelled
from nodetool.sdk.describe import describe
from nodetool.sdk.registry import import_module, modules_of, nodes_in

FACTS = Path(__file__).with_name("facts.txt").read_text().splitlines()
"""A line a type: its name, title, inputs and outputs; `*` streams, `...` takes further inputs."""

LIBRARY = sorted(
    (describe(cls) for name in modules_of("nodetool.nodes") for cls in nodes_in(import_module(name))),
    key=lambda found: found.node_type,
)

RUNS = {
    "lib.difflib": "cpu",
    "lib.gzip": "blocking",
    "lib.http": "async",
    "lib.zlib": "blocking",
    "lib.markdown": "async",
    **dict.fromkeys(
        [
            "lib.beautifulsoup.ExtractLinks",
            "lib.beautifulsoup.ExtractMetadata",
            "lib.beautifulsoup.HTMLToText",
            "lib.beautifulsoup.WebsiteContentExtractor",
            "lib.json.ValidateJSON",
            "lib.textwrap.Fill",
            "lib.textwrap.Shorten",
            "lib.textwrap.Wrap",
            "nodetool.control.Pace",
            "nodetool.list.FilterDicts",
            "nodetool.list.FilterDictsRegex",
            "nodetool.list.FilterRegex",
            "nodetool.text.CollapseWhitespace",
            "nodetool.text.ExtractRegex",
            "nodetool.text.FindAllRegex",
            "nodetool.text.FormatText",
            "nodetool.text.HtmlToText",
            "nodetool.text.RegexMatch",
            "nodetool.text.RegexReplace",
            "nodetool.text.RegexSplit",
            "nodetool.text.RegexValidate",
            "nodetool.text.Slugify",
            "nodetool.text.StripAccents",
        ],
        "async",
    ),
    "nodetool.workflows": "async",
    "nodetool.workspace": "async",
}
"""The types and families that are not inline: what may wait, compute for long, or has to be stopped by time."""

IDS = [found.node_type for found in LIBRARY]


def test_every_type_is_there() -> None:
    assert [fact.split(" | ")[0] for fact in FACTS] == IDS


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_has_the_handles_that_workflows_know(found: NodeDescription) -> None:
    assert _fact(found) in FACTS


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_tells_what_it_is_for(found: NodeDescription) -> None:
    summary, tags, *rest = found.description.splitlines()

    assert summary.endswith(".")
    assert len(tags.split(", ")) >= 3
    assert tags == tags.lower()
    uses = rest[rest.index("Use cases:") + 1 :]
    assert len(uses) >= 3
    assert all(line.startswith("- ") for line in uses)


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_says_how_it_runs(found: NodeDescription) -> None:
    assert found.runs == RUNS.get(found.node_type, RUNS.get(found.namespace, "inline"))


@pytest.mark.parametrize("found", LIBRARY, ids=IDS)
def test_a_node_shows_defaults_that_fit_their_types(found: NodeDescription) -> None:
    for field in found.properties:
        if not field.required and not field.stream and field.default is not None:
            assert fit(field.default, field.type) == field.default
            check_limits(field.default, field.min, field.max)


def test_roles_are_what_the_engine_needs() -> None:
    roles = {found.role: found.namespace for found in LIBRARY if found.role != "node"}

    assert roles == {
        "input": "nodetool.input",
        "output": "nodetool.output",
        "preview": "nodetool.workflows.base_node",
        "note": "nodetool.workflows.base_node",
    }


def test_listing_all_nodes_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from nodetool.sdk.registry import import_module, modules_of, nodes_in\n"
        "count = sum(len(nodes_in(import_module(name))) for name in modules_of('nodetool.nodes'))\n"
        "heavy = {'httpx2', 'jinja2', 'jsonschema', 'litestar', 'markdown_it', 'regex', 'sqlite3'}\n"
        "print(count, sorted(heavy & set(sys.modules)))\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == f"{len(LIBRARY)} []"


def _fact(found: NodeDescription) -> str:
    handles = [_property(field) for field in found.properties] + ["..."] * found.is_dynamic
    outputs = [f"{output.name}:{_type(output.type)}{'*' * output.stream}" for output in found.outputs]
    return (
        " | ".join([found.node_type, found.title, " ".join(handles), " ".join(outputs)]).replace("|  |", "| |").strip()
    )


def _property(field: Property) -> str:
    if field.stream:
        return f"{field.name}:{_type(field.type)}*"
    limits = f" ({field.min}..{field.max})" if (field.min, field.max) != (None, None) else ""
    return f"{field.name}:{_type(field.type)}={_default(field)}{limits}"


def _default(field: Property) -> str:
    return "required" if field.required else json.dumps(spelled(field.default))


def _type(metadata: TypeMetadata) -> str:
    args = ",".join(_type(arg) for arg in metadata.type_args)
    values = ",".join(str(value) for value in metadata.values or ())
    inside = f"[{args}]" if args else f"({values})" if values else ""
    return metadata.type + inside + "?" * metadata.optional
