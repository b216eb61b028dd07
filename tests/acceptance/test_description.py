"""What /openapi.json says, and what anybody makes of it: requests that are drawn from it, and plain noise."""

import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.graphs import through
from tests.serving import WORKER, Served, serving

TOKEN = "a token that the operator has chosen"
AUTH = {"Authorization": f"Bearer {TOKEN}"}

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    ignored_auth,
]
"""Not among them: that what does not fit is refused. Unknown fields are ignored, here and in clients, and a run of bare
params takes any object."""

SURFACES = {"worker": WORKER, "editor": ("nodetool", "serve", "--auth-provider", "static")}


@pytest.fixture(scope="module", params=list(SURFACES.values()), ids=list(SURFACES))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("description") / "home"
    home.mkdir()
    (home / "deployment.yaml").write_text(f"worker_auth_token: {TOKEN}\n")
    args = ("--host", "127.0.0.1", "--user-rate", "0", "--address-rate", "0", "--log-level", "warning")
    with serving(home, *args, module=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, headers=AUTH, timeout=15, trust_env=False, verify=False) as client:
        yield client


@pytest.fixture(scope="module")
def description(http: httpx.Client) -> Any:
    return http.get("/openapi.json").json()


@pytest.fixture(scope="module")
def ids(http: httpx.Client, description: Any) -> list[str]:
    """Ids of things that are there."""
    prefix = "/api" if "/api/jobs" in description["paths"] else ""
    document = {"name": "good", "graph": through("nodetool.text.Concat", "a")}
    assert http.put(f"{prefix}/workflows/good", json=document).status_code == 200
    job = http.post(f"{prefix}/workflows/good/run", json={}).headers["nodetool-job-id"]
    return ["good", job]


@pytest.mark.timeout(600)
def test_every_operation_answers_as_it_is_described(
    served: Served, http: httpx.Client, description: Any, ids: list[str], scale: int
) -> None:
    schema = schemathesis.openapi.from_dict(description)
    schema.config.update(base_url=served.url)
    count = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()

        @settings(max_examples=2 * scale, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(), id=st.sampled_from([None, *ids]))
        def answers(case: Any, id: str | None) -> None:
            nonlocal count
            count += 1
            if id is not None and "id" in case.path_parameters and case.method != "DELETE":
                case.path_parameters["id"] = id
            answer = case.call(headers=AUTH, timeout=15)
            case.validate_response(answer, checks=CHECKS, headers=AUTH)

        answers()
    print(f"{count} requests drawn from the description")

    assert http.get("/ready").status_code == 200


@pytest.mark.timeout(600)
def test_noise_on_every_route_is_no_mistake_of_the_server(http: httpx.Client, description: Any, scale: int) -> None:
    drawn = random.Random(scale)
    routes = [(method.upper(), path) for path, methods in description["paths"].items() for method in methods]
    counts: dict[int, int] = {}
    for method, path in routes * (4 * scale):
        place = path.replace("{id}", drawn.choice(["good", "x", "%00", "0" * 32]))
        query = "".join(drawn.choice("abz&=%+?/.0123456789") for _ in range(drawn.randrange(30)))
        body = drawn.randbytes(drawn.choice([0, 1, 10, 1000, 100_000]))
        if method == "DELETE":
            place = path.replace("{id}", "x")
        answer = http.request(method, f"{place}?{query}".replace("%&", "&"), content=body)
        counts[answer.status_code] = counts.get(answer.status_code, 0) + 1
        assert answer.status_code < 500, (method, place, query, answer.text)
    print(f"noise was answered with {counts}")

    assert http.get("/ready").status_code == 200
