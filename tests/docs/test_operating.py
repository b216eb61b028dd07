"""The page for operators says what a server tells, no more and no less."""

import re
from pathlib import Path
from typing import get_args

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from nodetool.jobs.runners import EndedBy
from tests.docs.markdown import table
from tests.graphs import through

EVENT = re.compile(r'(?:_log\.(?:debug|info|warning|error|exception)|tell)\(\s*"([^"]+)"')


@pytest.fixture
def page(root: Path) -> Path:
    return root / "docs" / "operating.md"


def test_every_figure_is_told_with_its_type_and_labels(page: Path, api: httpx.Client) -> None:
    api.put("/api/workflows/told", json={"name": "told", "graph": through("bench.nodes.Fail")})
    assert api.post("/api/workflows/told/run").status_code == 500  # whatever ends adds no value to a label
    answer = api.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    shown = {name_of(family.samples): (family.type, labels_of(family.samples)) for family in families}
    assert all(family.documentation for family in families)
    assert {ticked(row[0])[0]: (row[1], label_in(row[2])) for row in table(page, "Figures")} == shown


def ticked(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def label_in(cell: str) -> dict[str, set[str]]:
    name, *values = ticked(cell) or [""]
    return {name: set(values)} if name else {}


def name_of(samples: list[Sample]) -> str:
    return samples[0].name.removesuffix("_bucket")


def labels_of(samples: list[Sample]) -> dict[str, set[str]]:
    """Return the labels that a family has, but for the bounds of a histogram, each with its values."""
    pairs = {(name, value) for sample in samples for name, value in sample.labels.items() if name != "le"}
    return {name: {value for other, value in pairs if other == name} for name, _ in pairs}


def test_every_reason_of_a_runners_end_is_told(page: Path) -> None:
    _, _, below = page.read_text().partition("\n| reason |")
    rows = below.partition("\n\n")[0].splitlines()[2:]

    assert [ticked(row)[0] for row in rows] == list(get_args(EndedBy))


def test_every_line_of_the_log_is_told(page: Path, root: Path) -> None:
    sources = (root / "src" / "nodetool").rglob("*.py")
    written = {event for source in sources for event in EVENT.findall(source.read_text())}

    assert {ticked(row[0])[0] for row in table(page, "Log lines")} == written
