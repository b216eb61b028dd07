"""What a runner is told of how far its nodes may reach."""

import pytest

from nodetool.protocol import frames
from nodetool.protocol.bounds import NARROW, Bounds
from nodetool.protocol.codec import value_of
from nodetool.runner.link import ProcessLink
from nodetool.runner.local import LocalLink
from tests.graphs import through
from tests.runner.helpers import Ear, end_of, eventually, plan_frame, start_frame, version
from tests.web import reply, serving

GET = through("lib.http.GetRequest", "url")


Kind = type[ProcessLink] | type[LocalLink]


async def end_in(kind: Kind, bounds: Bounds, url: str) -> frames.End:
    """Ask for *url* in a runner with these bounds, and return how the run ended."""
    ear, made = Ear(), version(GET)
    link = kind(ear, catalogue="c", limits=frames.RunLimits(max_result=1 << 20), bounds=bounds)
    link.send(plan_frame(made))
    link.send(start_frame(made, text=url))
    await eventually(lambda: end_of(ear.got))
    link.kill()
    await eventually(lambda: ear.lost)
    end = end_of(ear.got)
    assert end
    return end


@pytest.mark.parametrize("kind", [ProcessLink, LocalLink])
async def test_nodes_reach_what_the_server_allows_and_nothing_else(kind: Kind) -> None:
    async with serving(reply(b"hello")) as web:
        allowed = await end_in(kind, Bounds(private_hosts=("127.0.0.1",)), web.url)
        refused = await end_in(kind, NARROW, web.url)

    assert value_of(allowed.result) == {"out": "hello"}
    assert refused.code == "node_failed"
    assert "--allow-private-hosts" in refused.error
    assert len(web.asked) == 1
