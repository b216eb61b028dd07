import hashlib

import msgspec

from nodetool.graph.compile import compile_plan, plan_hash
from nodetool.graph.plan import Plan
from nodetool.graph.version import make_version
from nodetool.protocol import codec
from tests.graph.helpers import CATALOGUE, chain, graph, inlet, node


def test_a_version_has_what_runs_need() -> None:
    document = chain(3)
    json = codec.to_json(document)
    version = make_version(json, document, CATALOGUE)

    assert version.findings == []
    assert version.plan == compile_plan(document, CATALOGUE)
    assert version.graph_hash == hashlib.sha256(json).hexdigest()
    assert version.plan_hash == plan_hash(json, CATALOGUE.hash)
    assert list(version.inputs.by_name) == ["in"]


def test_the_plan_survives_its_bytes() -> None:
    version = make_version(b"{}", chain(3), CATALOGUE)

    assert msgspec.msgpack.decode(version.plan_bytes, type=Plan) == version.plan


def test_with_findings_there_is_no_plan() -> None:
    version = make_version(b"{}", graph(node("a", "Nope"), inlet("i")), CATALOGUE)

    assert [one.code for one in version.findings] == ["unknown_type"]
    assert version.plan is None
    assert version.plan_bytes == b""
    assert list(version.inputs.by_name) == ["i"]
