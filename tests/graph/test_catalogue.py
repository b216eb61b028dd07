from nodetool.graph.catalogue import Catalogue
from nodetool.graph.metadata import metadata
from nodetool.protocol import codec
from nodetool.protocol.descriptions import Index, Pack
from tests.graph.helpers import CATALOGUE, catalogue, describe


def test_finds_a_type_by_its_name() -> None:
    found = CATALOGUE.get("test.Concat")

    assert found is not None
    assert found.node_type == "test.Concat"


def test_the_suffix_may_be_there_or_not() -> None:
    assert CATALOGUE.get("test.ConcatNode") is CATALOGUE.get("test.Concat")
    assert CATALOGUE.get("test.Resize") is CATALOGUE.get("test.ResizeNode")


def test_the_exact_name_goes_first() -> None:
    both = catalogue(describe("test.Resize", []))

    assert both.get("test.Resize") is not both.get("test.ResizeNode")


def test_a_class_called_node_keeps_its_name() -> None:
    assert catalogue(describe("test", [])).get("test.Node") is None
    assert CATALOGUE.get("") is None


def test_names_what_may_have_been_meant() -> None:
    assert CATALOGUE.near("test.Concatt")[0] == "test.Concat"
    assert CATALOGUE.near("nodetool.text.Concat") == ["test.Concat"]
    assert CATALOGUE.near("test.concat") == ["test.Concat"]
    assert CATALOGUE.near("nodetool.input.StringInputs")[0] == "nodetool.input.StringInput"
    assert CATALOGUE.near("something.Else") == []


def test_names_at_most_three() -> None:
    many = catalogue(*(describe(f"pack{number}.Same", []) for number in range(9)))

    assert len(many.near("pack.Same")) == 3


def test_a_pack_that_failed_is_shown_and_has_no_types() -> None:
    broken = Pack(name="broken", error="no module named numpy")
    one = Catalogue(Index(packs=[broken], hash="h"))

    assert one.packs == [broken]
    assert list(one) == []
    assert one.hash == "h"


def test_the_first_pack_with_a_type_counts() -> None:
    first, second = describe("test.A", []), describe("test.A", [], runs="gpu")
    one = Catalogue(Index(packs=[Pack(name="1", nodes=[first]), Pack(name="2", nodes=[second])], hash=""))

    assert one.get("test.A") is first
    assert list(one) == [first]


def test_metadata_has_every_key_of_the_format() -> None:
    shown = codec.to_json(metadata(catalogue())[0])

    assert shown.startswith(b'{"title":"The StringInput","description":"","namespace":"nodetool.input",')
    assert b'"layout":"default"' in shown
    assert (
        b'{"name":"value","type":{"type":"str","optional":false,"values":null,"type_args":[],"type_name":null},'
        b'"default":"","title":null,"description":null,"min":null,"max":null,"json_schema_extra":null}'
    ) in shown
    assert shown.endswith(
        b'"the_model_info":{},"recommended_models":[],"basic_fields":[],"is_dynamic":false,'
        b'"is_streaming_output":false,"expose_as_tool":false,"supports_dynamic_outputs":false}'
    )


def test_metadata_tells_who_streams() -> None:
    shown = {one.node_type: one for one in metadata(CATALOGUE)}

    assert shown["test.Words"].is_streaming_output
    assert not shown["test.Collect"].is_streaming_output
    assert shown["test.Format"].is_dynamic
    assert shown["test.Fan"].supports_dynamic_outputs
