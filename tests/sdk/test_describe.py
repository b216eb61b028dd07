"""What is read from a class, and what is said about a class that cannot be used."""

import enum
import inspect
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypedDict

import msgspec
import pytest

from nodetool.protocol.descriptions import Output, Property, Role, Runs, Touch, TypeMetadata
from nodetool.protocol.values import Color
from nodetool.sdk import Chunk, Context, InputNode, Meta, Node, OutputNode, Stream
from nodetool.sdk.describe import BadNode, describe, metadata, process_of, streams_of

STR = TypeMetadata(type="str")


class Shout(Node):
    """Write a text in capitals.
    text, upper
    """

    text: str = ""

    def process(self) -> str:
        return self.text.upper()


class Sides(TypedDict, total=False):
    left: str
    right: int


class Sided(Node):
    def process(self) -> Sides:
        return {"left": "a"}


class Reader(Node):
    items: Stream[int]
    size: int = 2

    async def process(self) -> AsyncIterator[list[int]]:
        async for item in self.items:
            yield [item]


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


def test_a_plain_class_needs_nothing_but_fields_and_process() -> None:
    found = describe(Shout)

    assert found.node_type == f"{__name__}.Shout"
    assert found.namespace == __name__
    assert found.title == "Shout"
    assert found.description.splitlines() == ["Write a text in capitals.", "text, upper"]
    assert found.properties == [Property(name="text", type=STR, default="", title="Text")]
    assert found.outputs == [Output(name="output", type=STR)]
    assert (found.module, found.qualname, found.path) == (__name__, "Shout", None)
    assert found.basic_fields == ["text"]


def test_what_a_class_says_of_itself_goes_first() -> None:
    class Told(Node):
        type_name: ClassVar = "pack.text.Told"
        title: ClassVar = "As Told"
        runs: ClassVar[Runs] = "gpu"
        basic_fields: ClassVar = ["b"]

        a: str = ""
        b: str = ""

        def process(self) -> str:
            return self.a

    found = describe(Told, path="told.py")

    assert (found.node_type, found.namespace, found.title) == ("pack.text.Told", "pack.text", "As Told")
    assert (found.runs, found.basic_fields, found.path) == ("gpu", ["b"], "told.py")


def test_a_subclass_has_a_name_and_a_title_of_its_own() -> None:
    class Parent(Shout):
        type_name: ClassVar = "pack.Parent"
        title: ClassVar = "The Parent"

    class LoudChild(Parent):
        more: bool = False

    found = describe(LoudChild)

    assert found.node_type.endswith("LoudChild")
    assert found.title == "Loud Child"
    assert [field.name for field in found.properties] == ["text", "more"]


@pytest.mark.parametrize(
    ("process", "runs", "yields"),
    [
        ("def process(self) -> str: ...", "blocking", False),
        ("async def process(self) -> str: ...", "async", False),
        ("def process(self) -> Iterator[str]: yield ''", "blocking", True),
        ("async def process(self) -> AsyncIterator[str]: yield ''", "async", True),
    ],
)
def test_the_kind_of_process_says_how_it_runs(process: str, runs: str, yields: bool) -> None:
    space: dict[str, Any] = {"Node": Node, "Iterator": Iterator, "AsyncIterator": AsyncIterator}
    exec(f"class Some(Node):\n    {process}", space)

    found = describe(space["Some"])

    assert (found.runs, found.yields) == (runs, yields)
    assert found.outputs == [Output(name="output", type=STR, stream=yields)]


def test_a_typed_dict_names_the_outputs() -> None:
    assert describe(Sided).outputs == [
        Output(name="left", type=STR),
        Output(name="right", type=TypeMetadata(type="int")),
    ]
    assert process_of(Sided).named


def test_outputs_stay_named_where_nothing_may_be_sent() -> None:
    class Perhaps(Node):
        def process(self) -> Sides | None:
            return None

    assert [output.name for output in describe(Perhaps).outputs] == ["left", "right"]


def test_a_generator_may_name_its_outputs_too() -> None:
    class Each(Node):
        def process(self) -> Iterator[Sides]:
            yield {"left": "a", "right": 1}

    assert [(output.name, output.stream) for output in describe(Each).outputs] == [("left", True), ("right", True)]


def test_a_dictionary_without_names_is_one_value() -> None:
    class Table(Node):
        def process(self) -> dict[str, int]:
            return {}

    assert [output.name for output in describe(Table).outputs] == ["output"]


def test_a_process_that_returns_none_has_no_outputs() -> None:
    class Sink(Node):
        value: Any = None

        def process(self) -> None:
            return None

    assert describe(Sink).outputs == []


def test_a_stream_is_described_by_its_items() -> None:
    found = {field.name: field for field in describe(Reader).properties}

    assert found["items"].type == TypeMetadata(type="int")
    assert (found["items"].stream, found["items"].required) == (True, False)
    assert not found["size"].stream
    assert streams_of(Reader) == {"items": int}


def test_a_field_without_default_is_required() -> None:
    class Strict(Node):
        name: str
        maybe: str | None

        def process(self) -> str:
            return self.name

    assert [(field.name, field.required) for field in describe(Strict).properties] == [("name", True), ("maybe", True)]


def test_limits_and_descriptions_come_from_the_type() -> None:
    class Limited(Node):
        size: Annotated[int, Meta(ge=1, le=9, title="How many", description="Of them.")] = 3
        share: Annotated[float, Meta(gt=0, lt=1)] | None = None
        folder: Annotated[str, Meta(extra_json_schema={"type": "folder_path"})] = ""

        def process(self) -> int:
            return self.size

    size, share, folder = describe(Limited).properties

    assert (size.min, size.max, size.title, size.description) == (1, 9, "How many", "Of them.")
    assert (share.min, share.max, share.type) == (0, 1, TypeMetadata(type="float", optional=True))
    assert folder.json_schema_extra == {"type": "folder_path"}


def test_defaults_are_shown_as_json_has_them() -> None:
    class Defaults(Node):
        mood: Mood = Mood.BAD
        table: dict[str, Any] = {}
        numbers: list[int] = msgspec.field(default_factory=lambda: [1, 2])
        nothing: str | None = None

        def process(self) -> str:
            return ""

    assert [field.default for field in describe(Defaults).properties] == ["bad", {}, [1, 2], None]


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Any, TypeMetadata(type="any")),
        (list, TypeMetadata(type="list")),
        (list[str], TypeMetadata(type="list", type_args=[STR])),
        (dict[str, Any], TypeMetadata(type="dict", type_args=[STR, TypeMetadata(type="any")])),
        (tuple[int, ...], TypeMetadata(type="tuple", type_args=[TypeMetadata(type="int")])),
        (str | None, TypeMetadata(type="str", optional=True)),
        (str | bytes, TypeMetadata(type="union", type_args=[STR, TypeMetadata(type="bytes")])),
        (Literal["a", "b"], TypeMetadata(type="enum", values=["a", "b"])),
        (Mood, TypeMetadata(type="enum", values=["good", "bad"], type_name=f"{__name__}.Mood")),
        (Annotated[str, Meta(max_length=3)], STR),
        (list[Annotated[str, Meta(max_length=3)]], TypeMetadata(type="list", type_args=[STR])),
        (Chunk, TypeMetadata(type="chunk")),
        (Color, TypeMetadata(type="color")),
        (datetime, TypeMetadata(type="datetime")),
        (Sides, TypeMetadata(type="dict")),
        (Path, TypeMetadata(type="object")),
    ],
    ids=str,
)
def test_types_have_the_names_that_clients_know(hint: Any, expected: TypeMetadata) -> None:
    assert metadata(hint) == expected


def test_inputs_and_outputs_hand_their_value_on() -> None:
    class Age(InputNode):
        value: int = 0

    class Text(OutputNode):
        value: str = ""

    age, text = describe(Age), describe(Text)

    assert (age.role, age.runs, age.outputs) == (
        "input",
        "inline",
        [Output(name="output", type=TypeMetadata(type="int"))],
    )
    assert (text.role, text.runs, text.outputs) == ("output", "inline", [Output(name="output", type=STR)])
    assert [field.name for field in age.properties] == ["name", "description", "value"]


@pytest.mark.parametrize("role", ["preview", "note"])
def test_what_only_people_look_at_has_no_outputs(role: Role) -> None:
    class Look(Node):
        value: Any = None

    Look.role = role

    assert describe(Look).outputs == []


def test_dynamic_values_are_no_handle() -> None:
    class Open(Node):
        is_dynamic: ClassVar = True
        template: str = ""
        dynamic: dict[str, Any] = {}

        def process(self) -> str:
            return self.template

    found = describe(Open)

    assert found.is_dynamic
    assert [field.name for field in found.properties] == ["template"]


def test_process_may_take_a_context() -> None:
    class Speaks(Node):
        def process(self, ctx: Context) -> str:
            return ctx.job_id

    assert process_of(Speaks).takes_context
    assert not process_of(Shout).takes_context


def test_a_class_that_is_kept_or_limited_says_so() -> None:
    class Dear(Node):
        checkpoint: ClassVar[bool] = True
        timeout: ClassVar[float] = 30

        def process(self) -> str:
            return ""

    found = describe(Dear, version="7")

    assert (found.checkpoint, found.timeout, found.version) == (True, 30.0, "7")
    assert (describe(Shout).checkpoint, describe(Shout).timeout) == (False, 0.0)


def test_an_input_called_timeout_is_an_input_and_no_limit() -> None:
    class Fetch(Node):
        timeout: float = 5.0

        def process(self) -> str:
            return ""

    found = describe(Fetch)

    assert (found.timeout, [one.name for one in found.properties]) == (0.0, ["timeout"])


BAD = {
    "has no process": """
        class Bad(Node):
            text: str = ''
        """,
    "inputs are fields of the class": """
        class Bad(Node):
            def process(self, text: str) -> str: ...
        """,
    "process may take self and a Context only": """
        class Bad(Node):
            def process(self, ctx: Context, more: int) -> str: ...
        """,
    "has to return an Iterator or AsyncIterator": """
        class Bad(Node):
            def process(self) -> str:
                yield ''
        """,
    "so its process has to be async": """
        class Bad(Node):
            items: Stream[str]
            def process(self) -> str: ...
        """,
    "has to be one of inline, async": """
        class Bad(Node):
            runs: ClassVar = 'fast'
            def process(self) -> str: ...
        """,
    "a number of seconds, or 0 for no limit": """
        class Bad(Node):
            timeout: ClassVar = -1
            def process(self) -> str: ...
        """,
    "Bad.timeout is inf": """
        class Bad(Node):
            timeout: ClassVar = float('inf')
            def process(self) -> str: ...
        """,
    "Bad.timeout is 'soon'": """
        class Bad(Node):
            timeout: ClassVar = 'soon'
            def process(self) -> str: ...
        """,
    "it reads the stream items itself, so its inputs are not known when it fires": """
        class Bad(Node):
            checkpoint: ClassVar = True
            items: Stream[str]
            async def process(self) -> str: ...
        """,
    "there is no process whose outputs could be kept": """
        class Bad(InputNode):
            checkpoint: ClassVar = True
        """,
    "needs a field dynamic": """
        class Bad(Node):
            is_dynamic: ClassVar = True
            def process(self) -> str: ...
        """,
    "Bad.place needs a default that JSON can show": """
        class Bad(Node):
            place: Path = Path('.')
            def process(self) -> str: ...
        """,
    "name 'Missing' is not defined": """
        class Bad(Node):
            text: 'Missing' = None
            def process(self) -> str: ...
        """,
}


@pytest.mark.parametrize(("message", "source"), BAD.items(), ids=BAD)
def test_a_class_that_cannot_be_used_says_what_to_change(message: str, source: str) -> None:
    space: dict[str, Any] = {"Node": Node, "Context": Context, "Stream": Stream, "ClassVar": ClassVar, "Path": Path}
    space["InputNode"] = InputNode
    exec(inspect.cleandoc(source), space)

    with pytest.raises(BadNode, match=message):
        describe(space["Bad"])


def test_what_a_class_may_read_and_touch_is_part_of_its_description() -> None:
    class Careful(Node):
        secrets: ClassVar[tuple[str, ...]] = ("A_KEY",)
        touches: ClassVar[tuple[Touch, ...]] = ("host",)

        def process(self) -> str:
            return ""

    assert (describe(Careful).secrets, describe(Careful).touches) == (["A_KEY"], ["host"])
    assert (describe(Plain).secrets, describe(Plain).touches) == ([], [])


class Plain(Node):
    def process(self) -> str:
        return ""


@pytest.mark.parametrize("declared", ["A_KEY", ("A-KEY",), ("",), (1,)])
def test_secrets_that_are_no_names_are_refused(declared: Any) -> None:
    made = type("Careless", (Plain,), {"secrets": declared, "__annotations__": {}})

    with pytest.raises(BadNode, match="secrets has to be a tuple of names"):
        describe(made)


@pytest.mark.parametrize("declared", ["host", ("moon",), ["host"]])
def test_what_nobody_knows_to_touch_is_refused(declared: Any) -> None:
    made = type("Careless", (Plain,), {"touches": declared, "__annotations__": {}})

    with pytest.raises(BadNode, match="touches has to be a tuple of code and host"):
        describe(made)
