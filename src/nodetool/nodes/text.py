"""Nodes that make and change text."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from nodetool.nodes._time import in_time
from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node, Stream

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


class Concat(Node):
    """Put two texts together.
    text, concatenate, combine, add, +

    Use cases:
    - Put a heading before a text
    - Build a path or an address from its parts
    - Add a closing line to an answer
    """

    type_name: ClassVar = "nodetool.text.Concat"
    title: ClassVar = "Concatenate Text"
    runs: ClassVar[Runs] = "inline"

    a: str = ""
    b: str = ""

    def process(self) -> str:
        return self.a + self.b


class Join(Node):
    """Put a list of texts together, with the separator between them.
    text, join, combine, list, separator

    Use cases:
    - Make lines out of a list
    - Write a list of names with commas
    - Put paragraphs together again
    """

    type_name: ClassVar = "nodetool.text.Join"
    runs: ClassVar[Runs] = "inline"

    strings: list[str] = []
    separator: str = ""

    def process(self) -> str:
        return self.separator.join(self.strings)


class Split(Node):
    """Cut a text at each delimiter into a list.
    text, split, separate, list, delimiter

    Use cases:
    - Cut a text into its lines or words
    - Read values that are separated by commas
    - Make a list for a For Each
    """

    type_name: ClassVar = "nodetool.text.Split"
    title: ClassVar = "Split Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    delimiter: Annotated[str, Meta(description="What stands between the parts; it is not part of them.")] = ","

    def process(self) -> list[str]:
        if not self.delimiter:
            raise BadInput("delimiter", "must not be empty")
        return self.text.split(self.delimiter)


class Replace(Node):
    """Replace each occurrence of one text by another.
    text, replace, substitute, change

    Use cases:
    - Put a word in place of another
    - Take unwanted characters out
    - Fill a place that was left open
    """

    type_name: ClassVar = "nodetool.text.Replace"
    title: ClassVar = "Replace Text"
    runs: ClassVar[Runs] = "inline"

    text: str = ""
    old: Annotated[str, Meta(description="What is searched for. If empty, the text stays as it is.")] = ""
    new: str = ""

    def process(self) -> str:
        return self.text.replace(self.old, self.new) if self.old else self.text


class FormatText(Node):
    """Fill a Jinja template with the values of any further inputs.
    text, template, format, jinja, dynamic

    Names are found in any case. A name that is printed and has no value is an error. What computes for a second, or
    makes a text of more than ten million characters, is stopped.

    Use cases:
    - Write a report: {% for row in rows %}{{ row.name }}{% endfor %}
    - Build a prompt: Write about {{ topic | upper }}
    - Leave parts out: {% if note %}Note: {{ note }}{% endif %}
    """

    type_name: ClassVar = "nodetool.text.FormatText"
    runs: ClassVar[Runs] = "async"
    is_dynamic: ClassVar = True

    template: Annotated[str, Meta(description="Text with {{ name }}, filters, conditions and loops.")] = ""
    dynamic: dict[str, Any] = {}

    async def process(self) -> str:
        from nodetool.nodes import _jinja  # Jinja is imported by who formats, not by who lists nodes

        try:
            return await in_time(lambda clock: _jinja.render(self.template, self.dynamic, clock))
        except TimeoutError:
            raise BadInput("template", "takes too long, and was stopped after a second") from None


class Template(Node):
    """Put values in the places of a text that are marked {{ name }}, and change nothing else.
    text, template, placeholder, replace, dynamic

    Values come from a dictionary, a list ({{ 0 }} is its first element) or further inputs, which go first. A place
    without a value stays as it is.

    Use cases:
    - Fill a form letter
    - Put values into text that may hold percent signs, braces or tags
    - Fill a text in two steps
    """

    type_name: ClassVar = "nodetool.text.Template"
    runs: ClassVar[Runs] = "inline"
    is_dynamic: ClassVar = True

    string: Annotated[str, Meta(description="Text with places marked {{ name }}.")] = ""
    values: Annotated[Any, Meta(description="A dictionary or a list of values.")] = {}
    dynamic: dict[str, Any] = {}

    def process(self) -> str:
        values = {**_by_name(self.values), **self.dynamic}

        def value_of(place: re.Match[str]) -> str:
            name = place[1].strip()
            return str(values[name]) if name in values else place[0]

        return PLACEHOLDER.sub(value_of, self.string)


class Collect(Node):
    """Put all texts that arrive together, with the separator between them.
    text, collect, join, stream

    Use cases:
    - Join the pieces of a streamed answer
    - Write the results of a loop one below the other
    - Make one text of parallel branches
    """

    type_name: ClassVar = "nodetool.text.Collect"
    runs: ClassVar[Runs] = "inline"

    input_item: Stream[str]
    separator: str = ""

    async def process(self) -> str:
        return self.separator.join([item async for item in self.input_item])


def _by_name(values: Any) -> Mapping[str, Any]:
    match values:
        case dict():
            return {str(name): value for name, value in values.items()}
        case list() | tuple():
            return {str(index): value for index, value in enumerate(values)}
        case None:
            return {}
    raise BadInput("values", f"expected a dictionary or a list, got {type(values).__name__}")
