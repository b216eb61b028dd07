"""``nodetool validate`` and ``nodetool nodes``: looking without running."""

from pathlib import Path

from nodetool import __version__
from tests.cli.command import CSV_REPORT, PACK, graph, nodetool


def test_a_workflow_without_findings_is_valid(home: Path) -> None:
    done = nodetool("validate", CSV_REPORT, home=home)

    assert (done.code, done.out, done.err) == (0, "csv-report.json: no findings (11 nodes, 13 edges)\n", "")


def test_findings_are_printed_with_node_and_handle_and_what_is_near(home: Path) -> None:
    text = graph(
        {"id": "cat", "type": "nodetool.text.Conact"},
        {"id": "join", "type": "nodetool.text.Join"},
        edges=("cat.output > join.strnigs",),
    )

    done = nodetool("validate", "-", home=home, stdin=text)

    first, second, last = done.lines
    assert done.code == 3
    assert first.startswith(
        "node cat (nodetool.text.Conact): there is no node type 'nodetool.text.Conact'; did you mean"
    )
    assert "nodetool.text.Concat" in first
    assert second == (
        "node join (Join), handle strnigs: node join has no input 'strnigs'; it has strings, separator [unknown_handle]"
    )
    assert last == "the workflow on stdin: 2 findings (2 nodes, 1 edge)"


def test_what_is_no_graph_is_refused(home: Path) -> None:
    done = nodetool("validate", "-", home=home, stdin='{"nodes": 3}')

    assert (done.code, done.out) == (3, "")
    assert "$.nodes: expected an array" in done.err


def test_a_file_that_is_not_there_is_wrong_usage(home: Path) -> None:
    done = nodetool("validate", "nothing.json", home=home)

    assert (done.code, done.out, done.err) == (2, "", "nodetool: there is no file nothing.json\n")


def test_node_types_are_listed_with_those_of_ones_own(home: Path) -> None:
    done = nodetool("nodes", "list", "--nodes", PACK, home=home)
    listed = {line.split()[0]: line.split()[-1] for line in done.lines}

    assert listed["nodetool.text.Concat"] == "inline"
    assert listed["bench.nodes.BlockingSleep"] == "blocking"


def test_node_types_are_listed_as_json(home: Path) -> None:
    types = {found["node_type"]: found for found in nodetool("nodes", "list", "--json", home=home).json}

    assert types["nodetool.control.Pace"]["is_streaming_output"] is True


def test_a_pack_that_cannot_be_had_is_told(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import nothing_of_this_name\n")

    done = nodetool("nodes", "list", "--nodes", broken, home=home)

    assert done.code == 0
    assert "nodetool: the nodes of broken are not all there" in done.err
    assert "nothing_of_this_name" in done.err


def test_a_node_type_is_shown(home: Path) -> None:
    done = nodetool("nodes", "show", "nodetool.control.Pace", home=home)

    assert done.lines[0] == "Pace  nodetool.control.Pace"
    assert "  seconds     float      = 1.0  0 to 3600  How long the pause before each element is." in done.lines


def test_a_node_type_that_is_not_there_has_near_ones(home: Path) -> None:
    done = nodetool("nodes", "show", "ParseCsv", home=home)

    assert (done.code, done.out) == (1, "")
    assert done.err == "nodetool: no node type 'ParseCsv'; did you mean nodetool.dictionary.ParseCSV?\n"


def test_the_version_is_printed(home: Path) -> None:
    assert nodetool("--version", home=home).out == f"nodetool {__version__}\n"
