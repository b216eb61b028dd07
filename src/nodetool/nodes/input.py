"""Where values enter a workflow. The engine feeds them from the params of a run; they have no process of their own."""

from typing import Annotated, Any, ClassVar

from nodetool.protocol.descriptions import Runs
from nodetool.protocol.values import Color
from nodetool.sdk import InputNode, Meta


class StringInput(InputNode):
    """A text that the caller gives.
    input, parameter, string, text

    Use cases:
    - Ask for a prompt, a name or an address
    - Pass the content of a file as text
    - Give a text that later nodes split, format or search
    """

    type_name: ClassVar = "nodetool.input.StringInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[str, Meta(description="The text if the caller gives none.")] = ""


class IntegerInput(InputNode):
    """A whole number that the caller gives, between min and max.
    input, parameter, integer, number

    Use cases:
    - Ask for a count, a size or a page
    - Show a slider with limits
    - Choose how often something is done
    """

    type_name: ClassVar = "nodetool.input.IntegerInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[int, Meta(description="The number if the caller gives none.")] = 0
    min: Annotated[int, Meta(description="The smallest number that is taken.")] = 0
    max: Annotated[int, Meta(description="The largest number that is taken.")] = 100


class FloatInput(InputNode):
    """A number that the caller gives, between min and max.
    input, parameter, float, number

    Use cases:
    - Ask for a price, a share or a temperature
    - Show a slider with fine steps
    - Give a threshold to filter by
    """

    type_name: ClassVar = "nodetool.input.FloatInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[float, Meta(description="The number if the caller gives none.")] = 0.0
    min: Annotated[float, Meta(description="The smallest number that is taken.")] = 0
    max: Annotated[float, Meta(description="The largest number that is taken.")] = 100


class BooleanInput(InputNode):
    """A yes or no that the caller gives.
    input, parameter, boolean, switch

    Use cases:
    - Turn a part of a workflow on or off
    - Choose between two branches
    - Let the caller confirm something
    """

    type_name: ClassVar = "nodetool.input.BooleanInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[bool, Meta(description="The answer if the caller gives none.")] = False


class StringListInput(InputNode):
    """A list of texts that the caller gives.
    input, parameter, string, text, list

    Use cases:
    - Ask for tags, names or addresses
    - Give several texts to work on one by one
    - Pass the lines of a file
    """

    type_name: ClassVar = "nodetool.input.StringListInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[list[str], Meta(description="The texts if the caller gives none.")] = []


class ListInput(InputNode):
    """A list of anything that the caller gives.
    input, parameter, list, array

    Use cases:
    - Pass rows of data to filter and sort
    - Give items that a For Each sends on one by one
    - Hand over the answer of another service
    """

    type_name: ClassVar = "nodetool.input.ListInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[list[Any], Meta(description="The list if the caller gives none.")] = []


class DictionaryInput(InputNode):
    """A dictionary that the caller gives.
    input, parameter, dictionary, object, json

    Use cases:
    - Pass a record or a JSON object as it is
    - Give several settings at once
    - Hand over the body of a web hook
    """

    type_name: ClassVar = "nodetool.input.DictionaryInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[dict[str, Any], Meta(description="The dictionary if the caller gives none.")] = {}


class ColorInput(InputNode):
    """A color that the caller gives, as {"type": "color", "value": "#ff8800"}.
    input, parameter, color, picker

    Use cases:
    - Ask for the color of a text or a background
    - Let people choose a theme
    - Fill a template for a page
    """

    type_name: ClassVar = "nodetool.input.ColorInput"
    runs: ClassVar[Runs] = "inline"

    value: Annotated[Color, Meta(description="The color if the caller gives none.")] = Color()
