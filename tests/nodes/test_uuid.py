"""Ids."""

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodetool.nodes.uuid import (
    FormatUUID,
    GenerateUUID1,
    GenerateUUID3,
    GenerateUUID4,
    GenerateUUID5,
    IsValidUUID,
    ParseUUID,
)
from nodetool.sdk import Node
from nodetool.sdk.testing import run

ID = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


@pytest.mark.parametrize(
    ("node", "version"),
    [(GenerateUUID1(), 1), (GenerateUUID3(), 3), (GenerateUUID4(), 4), (GenerateUUID5(), 5)],
    ids=["1", "3", "4", "5"],
)
def test_an_id_is_of_its_kind(node: Node, version: int) -> None:
    assert uuid.UUID(run(node)).version == version


def test_an_id_of_the_time_does_not_tell_the_machine() -> None:
    ids = [uuid.UUID(run(GenerateUUID1())) for _ in range(3)]

    assert len({one.node for one in ids}) == 3
    assert all(one.node >> 40 & 1 for one in ids)


def test_the_same_name_has_the_same_id() -> None:
    assert run(GenerateUUID5(name="python.org")) == str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"))
    assert run(GenerateUUID3(namespace="URL", name="x")) == str(uuid.uuid3(uuid.NAMESPACE_URL, "x"))
    assert run(GenerateUUID5(namespace=str(ID), name="x")) == str(uuid.uuid5(ID, "x"))


@given(st.uuids(), st.sampled_from(["standard", "hex", "urn", "bytes_hex"]))
def test_every_form_is_read_again(id: uuid.UUID, form: Any) -> None:
    assert uuid.UUID(FormatUUID(uuid_string=str(id), format=form).process()) == id
    assert int(FormatUUID(uuid_string=str(id), format="int").process()) == id.int


def test_an_id_has_parts() -> None:
    parts = run(ParseUUID(uuid_string=f" {{{ID}}} "))

    assert (parts["uuid"], parts["version"], parts["hex"]) == (str(ID), 1, ID.hex)
    assert parts["int"] == str(ID.int)


@pytest.mark.parametrize(("text", "is_one"), [(str(ID), True), (ID.hex, True), ("", False), ("6ba7b810", False)])
def test_ids_are_told_from_other_texts(text: str, is_one: bool) -> None:
    assert run(IsValidUUID(uuid_string=text)) is is_one


def test_what_is_no_id_is_named() -> None:
    with pytest.raises(ValueError, match="uuid_string: is not a UUID, got 'x'"):
        run(ParseUUID(uuid_string="x"))
    with pytest.raises(ValueError, match="namespace: is not a UUID, got 'mine'"):
        run(GenerateUUID5(namespace="mine"))
