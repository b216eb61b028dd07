"""``nodetool run``: a workflow without a server."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.command import CSV_REPORT, PACK, SLOW_PROGRESS, graph, interrupted, nodetool

OUTPUT = {"id": "out", "type": "nodetool.output.Output", "data": {"name": "out"}}


def test_a_single_text_is_printed_as_it_is(home: Path) -> None:
    done = nodetool("run", CSV_REPORT, "--input", "melts_above=3000", home=home)

    assert (done.code, done.err) == (0, "")
    assert done.lines == [
        "1 of 46 elements melt above 3000 °C",
        "",
        "Tungsten     W   3422.00 °C",
        "",
        "By name: Tungsten",
    ]


def test_several_outputs_are_printed_under_their_names(home: Path) -> None:
    done = nodetool("run", SLOW_PROGRESS, "--input", "seconds=0", home=home)

    assert done.lines[:3] == ["stages:", "  [", '    "1977-08-20: Voyager 2 launched from Cape Canaveral",']
    assert "report:" in done.lines


def test_params_come_from_a_file_too_and_a_text_from_one_of_its_own(home: Path, tmp_path: Path) -> None:
    params, table = tmp_path / "params.json", tmp_path / "table.csv"
    params.write_text(json.dumps({"params": {"melts_above": 3000, "table": "overruled"}}))
    table.write_text("name,symbol,melting_point_c\nMost,Mo,3001\nLess,Le,2999\n")

    done = nodetool("run", CSV_REPORT, "--params-file", params, "--input", f"table=@{table}", "--json", home=home)

    assert done.json["report"].startswith("1 of 2 elements melt above 3000 °C")


def test_events_are_printed_a_line_each(home: Path) -> None:
    done = nodetool("run", SLOW_PROGRESS, "--input", "seconds=0.01", "--stream", home=home)
    events = [json.loads(line) for line in done.lines]

    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["status"] for event in events if event["type"] == "job_update"] == ["queued", "running", "completed"]
    assert (7, 7) in [(event["progress"], event["total"]) for event in events if event["type"] == "node_progress"]
    assert len(events[-1]["result"]["stages"]) == 7


def test_a_profile_is_shown_beside_the_result(home: Path) -> None:
    done = nodetool("run", SLOW_PROGRESS, "--input", "seconds=0.01", "--profile", "--json", home=home)

    assert list(done.json) == ["stages", "report"]
    head, columns, first, *_ = done.err.splitlines()
    assert head.startswith("completed in ")
    assert head.endswith(": 7 nodes fired")
    assert columns.split() == ["NODE", "TYPE", "TOOK", "WAITED", "FIRED", "IN", "OUT"]
    assert first.split()[:2] == ["pace", "nodetool.control.Pace"]
    assert first.split()[-3:] == ["1", "2", "7"]


def test_a_run_that_failed_has_a_profile_too(home: Path) -> None:
    text = graph({"id": "bad", "type": "bench.nodes.Fail", "data": {"message": "no such luck"}})

    done = nodetool("run", "-", "--nodes", PACK, "--profile", home=home, stdin=text)

    assert done.code == 1
    assert any(line.startswith("failed in ") and line.endswith("1 node fired") for line in done.err.splitlines())
    assert done.err.splitlines()[-1] == "nodetool: node bad failed: no such luck"


def test_what_nodes_print_is_not_part_of_the_result(home: Path, tmp_path: Path) -> None:
    pack = tmp_path / "talker.py"
    pack.write_text(
        "from nodetool.sdk import Node\n"
        "class Talker(Node):\n"
        "    type_name = 'talker'\n"
        "    def process(self) -> int:\n"
        "        print('said aside')\n"
        "        return 7\n"
    )
    text = graph({"id": "a", "type": "talker"}, OUTPUT, edges=("a.output > out.value",))

    done = nodetool("run", "-", "--json", "--nodes", pack, home=home, stdin=text)

    assert done.json == {"out": 7}


def test_a_node_that_fails_is_named(home: Path) -> None:
    text = graph({"id": "bad", "type": "bench.nodes.Fail", "data": {"message": "no such luck"}})

    done = nodetool("run", "-", "--nodes", PACK, home=home, stdin=text)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1] == "nodetool: node bad failed: no such luck"


def test_what_cannot_run_is_refused_with_all_that_is_wrong(home: Path) -> None:
    text = graph({"id": "a", "type": "nodetool.text.Concta"}, OUTPUT, edges=("a.output > out.vlaue",))

    done = nodetool("run", "-", home=home, stdin=text)

    assert (done.code, done.out) == (3, "")
    head, first, second = done.err.splitlines()
    assert head == "nodetool: 2 things are wrong:"
    assert first.startswith("  a: there is no node type 'nodetool.text.Concta'; did you mean nodetool.text.Concat")
    assert second == "  out: node out has no input 'vlaue'; it has name, description, value"


def test_a_param_that_does_not_fit_is_refused(home: Path) -> None:
    done = nodetool("run", CSV_REPORT, "--input", "melts_above=hot", home=home)

    assert (done.code, done.out) == (3, "")
    assert done.err == "nodetool: params.melts_above: expected float, and this text is none\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_cancels_the_run(home: Path, number: int) -> None:
    done, seconds = interrupted(
        "run", SLOW_PROGRESS, "--input", "seconds=30", "--stream", home=home, after="node_progress", number=number
    )

    assert done.code == 130
    assert json.loads(done.lines[-1])["status"] == "cancelled"
    assert done.err == "nodetool: The job was cancelled.\n"
    assert seconds < 5


def test_a_thread_that_does_not_stop_does_not_hold_the_command(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "block.json"
    file.write_text(graph({"id": "a", "type": "bench.nodes.BlockingSleep", "data": {"seconds": 60}}))

    done, seconds = interrupted("run", file, "--stream", "--nodes", PACK, home=home, after="node_update")

    assert done.code == 130
    assert seconds < 5


def test_nothing_of_a_run_is_kept(home: Path) -> None:
    assert nodetool("nodes", "list", home=home).code == 0
    assert {file.name.partition("nodes")[0] + file.suffix for file in home.iterdir()} == {".json"}
