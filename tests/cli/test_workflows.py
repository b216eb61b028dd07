"""``nodetool workflows``: of a server by its URL, of the server that has the home, and of a home that no server has."""

import json
from pathlib import Path
from typing import Any

import pytest

from nodetool.cli.examples import examples
from tests.cli.command import CSV_REPORT, PACK, graph, nodetool, on_terminal
from tests.cli.house import WAYS, House
from tests.cli.quick import Quick

pytestmark = pytest.mark.xdist_group("house")

IDS = sorted(["parts", *(id for id, _ in examples())])
SLEEP = graph({"id": "a", "type": "bench.nodes.Sleep"})


@pytest.mark.parametrize("args", [["show", "parts"], ["export", "csv-report"]], ids=" ".join)
def test_what_is_stored_looks_the_same_in_each_way(house: House, args: list[str]) -> None:
    first, *others = house.each("workflows", *args).values()

    assert (first.code, first.err) == (0, "")
    assert first.out
    assert others == [first, first]


def test_a_list_says_what_can_run(house: House) -> None:
    head, *rows = house.ask("at rest", "workflows", "list").lines

    assert head.split() == ["ID", "STATUS", "UPDATED", "NAME"]
    assert sorted(row.split()[0] for row in rows) == IDS
    assert {row.split()[1] for row in rows} == {"ready"}
    assert rows[0].endswith("  Cut a text")


@pytest.mark.parametrize("way", WAYS)
def test_a_list_in_json_has_whole_documents(house: House, way: str) -> None:
    listed = house.ask(way, "workflows", "list", "--json").json

    assert list(listed) == ["next", "workflows"]
    found = {one["id"]: one for one in listed["workflows"]}
    assert found["parts"] == house.ask("at rest", "workflows", "show", "parts", "--json").json


def test_a_workflow_is_shown(house: House) -> None:
    lines = house.ask("at rest", "workflows", "show", "csv-report").lines

    assert lines[0] == "Elements report  csv-report"
    assert "size     11 nodes, 13 edges" in lines
    assert "  report  string  The report as text." in lines


@pytest.mark.parametrize("way", WAYS)
def test_a_bundle_holds_what_is_called_and_runs_anywhere(house: House, quick: Quick, tmp_path: Path, way: str) -> None:
    file = tmp_path / "bundle.json"
    assert house.ask(way, "workflows", "export", "measure-poem", "--bundle", "--output", file).err == ""

    assert list(json.loads(file.read_text())["graph"]["workflows"]) == ["measure-line"]
    ran = quick.run("run", file, "--input", "poem=one two", home=tmp_path / "empty")
    assert (ran.code, ran.lines[0]) == (0, " 1. one two (2 words)")


def test_a_workflow_is_written_in_python(house: House) -> None:
    text = house.ask("at rest", "workflows", "export", "measure-poem", "--python").out

    assert 'each = workflow.add_as("each", Map' in text.replace("(\n    ", "(").replace(",\n    Map", ", Map")
    names: dict[str, Any] = {"__name__": "made"}
    exec(text, names)
    assert names["workflow"].document()["name"] == "Measure a poem"


def test_a_stored_workflow_runs_with_what_it_calls(house: House) -> None:
    ran = house.ask("at rest", "run", "measure-poem", "--input", "poem=x")

    assert ran.lines[0] == " 1. x (1 words)"


def test_what_was_exported_is_imported_as_it_was(house: House, quick: Quick, tmp_path: Path) -> None:
    file, home = tmp_path / "report.json", tmp_path / "home"
    assert house.ask("served", "workflows", "export", "csv-report", "--output", file).out == ""

    imported = quick.run("workflows", "import", file, home=home)

    assert (imported.code, imported.out, imported.err) == (0, "csv-report\n", "")
    assert json.loads(file.read_text()) == json.loads(CSV_REPORT.read_text())
    assert quick.run("workflows", "export", "csv-report", home=home).out == file.read_text()


@pytest.mark.parametrize("way", WAYS)
def test_a_workflow_is_stored_replaced_and_deleted(house: House, way: str) -> None:
    bare = graph({"id": "a", "type": "nodetool.text.Concat"})

    first = house.ask(way, "workflows", "import", "-", "--id", "mine", stdin=bare)
    second = house.ask(way, "workflows", "import", "-", "--id", "mine", stdin=named("Mine", bare))
    shown = house.ask(way, "workflows", "show", "mine").lines
    deleted = house.ask(way, "workflows", "delete", "mine")
    again = house.ask(way, "workflows", "delete", "mine")

    assert [first.out, second.out] == ["mine\n", "mine\n"]
    assert shown[0] == "Mine  mine"
    assert (deleted.code, deleted.out) == (0, "mine: deleted\n")
    assert (again.code, again.out, again.err) == (1, "", "nodetool: no workflow 'mine'\n")


def named(name: str, bare: str) -> str:
    return json.dumps({"name": name, "graph": json.loads(bare), "id": "overruled by --id"})


@pytest.mark.parametrize("way", ["served", "at rest"])
def test_a_workflow_without_an_id_gets_one(house: House, way: str, tmp_path: Path) -> None:
    file = tmp_path / "cut.json"
    file.write_text(graph({"id": "a", "type": "nodetool.text.Concat"}))

    id = house.ask(way, "workflows", "import", file).out.strip()

    assert len(id) == 32
    assert house.ask(way, "workflows", "show", id).lines[0] == f"cut  {id}"
    assert house.ask(way, "workflows", "delete", id).code == 0


@pytest.mark.parametrize("way", ["served", "at rest"])
def test_findings_are_told_and_stored(house: House, way: str) -> None:
    bad = graph({"id": "a", "type": "nodetool.text.Conact"})

    done = house.ask(way, "workflows", "import", "-", "--id", "bad", stdin=bad)

    assert (done.code, done.out) == (0, "bad\n")
    assert done.err.startswith("nodetool: node a: there is no node type 'nodetool.text.Conact'; did you mean")
    assert "1 finding" in house.ask(way, "workflows", "show", "bad").out
    assert house.ask(way, "workflows", "delete", "bad").code == 0


def test_nodes_of_ones_own_are_known_where_no_server_knows_them(quick: Quick, tmp_path: Path) -> None:
    without = quick.run("workflows", "import", "-", home=tmp_path / "home", stdin=SLEEP)
    option = quick.run("workflows", "import", "-", "--nodes", PACK, home=tmp_path / "home", stdin=SLEEP)

    assert "there is no node type 'bench.nodes.Sleep'" in without.err
    assert (option.code, option.err) == (0, "")


REFUSED = [("{", "is not JSON"), ('{"nodes": 3}', "$.graph.nodes: expected an array"), ("[]", "holds no JSON object")]


@pytest.mark.parametrize("way", ["by URL", "at rest"])
@pytest.mark.parametrize(("text", "sentence"), REFUSED, ids=["not JSON", "no graph", "a list"])
def test_what_is_no_workflow_is_refused(house: House, way: str, text: str, sentence: str) -> None:
    done = house.ask(way, "workflows", "import", "-", stdin=text)

    assert (done.code, done.out) == (3, "")
    assert sentence in done.err


def test_a_name_that_is_too_long_is_refused_in_the_same_words(house: House) -> None:
    text = json.dumps({"name": "x" * 300, "graph": {"nodes": [], "edges": []}})

    served, rest = (house.ask(way, "workflows", "import", "-", stdin=text) for way in ("served", "at rest"))

    assert served == rest
    assert (rest.code, rest.err) == (3, "nodetool: name has more than 256 characters\n")


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["import", "nothing.json"], 2, "there is no file nothing.json"),
        (["show", "csv-report"], 1, "there is no home at"),
        (["delete"], 2, "Missing argument 'ID'"),
    ],
    ids=["no file", "no home", "no id"],
)
def test_what_cannot_be_done_is_told(args: list[str], code: int, sentence: str, quick: Quick, tmp_path: Path) -> None:
    done = quick.run("workflows", *args, home=tmp_path / "home")

    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_workflow_that_is_not_there_is_told(house: House, way: str) -> None:
    done = house.ask(way, "workflows", "export", "nothing")

    assert (done.code, done.out, done.err) == (1, "", "nodetool: no workflow 'nothing'\n")


def test_a_file_that_cannot_be_written_is_told(house: House, tmp_path: Path) -> None:
    done = house.ask("at rest", "workflows", "export", "parts", "--output", tmp_path / "no" / "parts.json")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"nodetool: {tmp_path / 'no' / 'parts.json'}: No such file or directory\n"


def test_a_workflow_that_was_imported_without_a_server_runs_without_one(tmp_path: Path) -> None:
    assert nodetool("workflows", "import", CSV_REPORT, "--id", "mine", home=tmp_path / "home").out == "mine\n"

    done = nodetool("run", "mine", "--input", "melts_above=3000", home=tmp_path / "home")

    assert (done.code, done.lines[0]) == (0, "1 of 46 elements melt above 3000 °C")


def test_a_terminal_shows_in_green_what_can_run(house: House) -> None:
    _, *rows = on_terminal("workflows", "list", home=house.rest).splitlines()

    assert all("\x1b[32mready\x1b[0m" in row for row in rows)
