"""Each example against a real server: what it prints, and what it does when things go wrong."""

import os
import re
import signal
import socket

from tests.docs import graphs
from tests.examples.example import Example
from tests.examples.proxy import proxied

PARAMS = '{"param_name": "ünder the sea"}'


def test_it_prints_the_outputs(example: Example) -> None:
    said = example.run(example.store("echo", graphs.echo()), PARAMS)

    assert (said.code, example.outputs(said)) == (0, {"output": "ünder the sea"})


def test_it_runs_without_params(example: Example) -> None:
    said = example.run(example.store("echo", graphs.echo()))

    assert (said.code, example.outputs(said)) == (0, {"output": ""})


def test_it_reads_a_stream_that_is_cut_anywhere_and_very_long(example: Example) -> None:
    said = example.run(example.store("many", graphs.many(2000)), PARAMS)

    assert said.code == 0, said.err
    assert example.outputs(said) == {"items": [f"ünder the sea {number}" for number in range(2000)]}


def test_it_says_what_the_server_refuses(example: Example) -> None:
    said = example.run(example.store("echo", graphs.echo()), '{"parm": 1}')

    assert (said.code, said.out) == (1, "")
    assert "invalid_params" in said.err
    assert "params.parm: the workflow has no such input" in said.err


def test_it_says_that_there_is_no_such_workflow(example: Example) -> None:
    said = example.run("nope")

    assert (said.code, said.out) == (1, "")
    assert "not_found" in said.err


def test_it_says_why_a_run_failed(example: Example) -> None:
    said = example.run(example.store("failing", graphs.failing("the cat ate it")), PARAMS)

    assert said.code == 1
    assert "the cat ate it" in said.err + said.out


def test_it_says_that_nobody_answers(example: Example) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        _, port = free.getsockname()

    said = example.run("echo", url=f"http://127.0.0.1:{port}")

    assert (said.code, said.out) == (1, "")
    assert re.search("refused|Could(n't| not) connect", said.err, re.IGNORECASE)


def test_it_goes_on_where_its_connection_was_cut(example: Example) -> None:
    id = example.store("steps", graphs.steps(5, 0.12))
    first = [800, 1] if example.name.endswith(".sh") else [1500, 0, 1200]  # the answer that names the job gets through

    with proxied(example.server.port, *first) as proxy:
        said = example.run(id, PARAMS, url=proxy.url)

    assert (said.code, example.outputs(said)) == (0, {"output": "ünder the sea"}), said.err
    assert proxy.connections > len(first)
    if not example.name.endswith(".sh"):
        progress = re.findall(r"Progress: Steps (\d+) ?%", said.err)
        assert progress == ["20", "40", "60", "80", "100"]
        assert said.err.count("Job: running") == 1


def test_ctrl_c_cancels_the_run(example: Example) -> None:
    id = example.store("slow", graphs.steps(100, 0.1))

    with example.start(id) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Job: ")
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert process.returncode == 130, err
    assert example.newest_job()["status"] == "cancelled"
