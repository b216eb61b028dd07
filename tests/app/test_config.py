"""Settings: read once, from the environment and what is given, or refused by name."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.config import Config, InvalidSetting, is_loopback


def test_what_is_not_set_has_its_default() -> None:
    assert Config.read({}, {}) == Config()


def test_the_environment_is_read_by_type() -> None:
    env = {
        "NODETOOL_HOST": "localhost",
        "NODETOOL_PORT": "9000",
        "NODETOOL_HOME": "somewhere",
        "NODETOOL_INSECURE": "true",
        "NODETOOL_SYNC": "normal",
        "NODETOOL_RUNNERS": "0",
        "NODETOOL_ALLOW_ORIGIN": "null, https://example.org,",
        "PATH": "/bin",
    }

    assert Config.read(env, {}) == Config(
        host="localhost",
        port=9000,
        home=Path("somewhere"),
        insecure=True,
        sync="normal",
        runners=0,
        allow_origin=("null", "https://example.org"),
    )


def test_what_is_given_goes_before_the_environment() -> None:
    env = {"NODETOOL_PORT": "9000", "NODETOOL_HOST": "localhost"}

    config = Config.read(env, {"port": 9001, "host": None, "allow_host": ["a", "b"]})

    assert (config.port, config.host, config.allow_host) == (9001, "localhost", ("a", "b"))


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Config.read({"NODETOOL_PORT": "", "NODETOOL_NODES": ""}, {}) == Config()


@pytest.mark.parametrize(
    ("env", "given", "sentence"),
    [
        ({"NODETOOL_PORT": "http"}, {}, "NODETOOL_PORT: expected a whole number"),
        ({"NODETOOL_RUNNERS": "all"}, {}, "NODETOOL_RUNNERS: expected a whole number"),
        ({"NODETOOL_INSECURE": "maybe"}, {}, "NODETOOL_INSECURE: expected true or false"),
        ({"NODETOOL_LOG_LEVEL": "loud"}, {}, "NODETOOL_LOG_LEVEL: expected debug or info or warning or error"),
        ({}, {"sync": "fast"}, "sync: expected full or normal"),
        ({}, {"port": -1}, "port -1: a port is 0 to 65535"),
        ({}, {"port": 65536}, "port 65536: a port is 0 to 65535"),
        ({}, {"runners": -1}, "runners -1: there cannot be less than 0"),
        ({}, {"node_timeout": -1}, "node_timeout -1: a number of seconds, or 0 for no limit"),
        ({"NODETOOL_NODE_TIMEOUT": "inf"}, {}, "node_timeout inf: a number of seconds"),
        ({}, {"max_body": 0}, "max_body 0: a limit is at least 1"),
        ({}, {"nodes": ["nothing.py"]}, "nodes nothing.py: there is no such file"),
        (
            {},
            {"host": "0.0.0.0"},
            "host 0.0.0.0: beyond this machine anybody could run workflows; --auth-provider static",
        ),
        ({}, {"host": "example.org"}, "host example.org: beyond this machine"),
    ],
    ids=lambda part: next(iter(part), None) if isinstance(part, dict) else None,
)
def test_a_wrong_setting_is_refused_by_name(env: dict[str, str], given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Config.read(env, given)

    assert refused.value.detail.startswith(sentence)


def test_a_server_may_listen_beyond_this_machine_if_its_owner_says_so() -> None:
    assert Config.read({}, {"host": "0.0.0.0", "insecure": True}).host == "0.0.0.0"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_only_a_loopback_address_is_this_machine_alone(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@given(st.text(), st.sampled_from(Config.__struct_fields__))
def test_whatever_a_variable_holds_it_is_read_or_refused_by_name(text: str, name: str) -> None:
    assert named_or_read({f"NODETOOL_{name.upper()}": text}) in (None, name)


def named_or_read(env: dict[str, str]) -> str | None:
    """Return the setting that a refusal names, None if there is none."""
    try:
        Config.read(env, {})
    except InvalidSetting as error:
        return error.detail.partition(":")[0].partition(" ")[0].removeprefix("NODETOOL_").lower()
    return None


def test_a_home_may_begin_with_a_tilde() -> None:
    assert Config(home=Path("~/x")).folder == Path.home() / "x"


def test_nodes_of_ones_own_have_an_index_of_their_own(tmp_path: Path) -> None:
    plain, mine, others = (Config(home=tmp_path, nodes=nodes) for nodes in ((), ("a.py",), ("b.py",)))

    assert plain.index == tmp_path / "nodes.json"
    assert len({plain.index, mine.index, others.index}) == 3
    assert mine.index == Config(home=tmp_path, nodes=("./a.py",)).index
