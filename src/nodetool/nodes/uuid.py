"""Nodes that make and read ids."""

import uuid
from typing import Annotated, Any, ClassVar, Literal

from nodetool.protocol.descriptions import Runs
from nodetool.sdk import BadInput, Meta, Node

Format = Literal["standard", "hex", "urn", "int", "bytes_hex"]

NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}

Namespace = Annotated[str, Meta(description="dns, url, oid or x500, or an id of your own.")]


class GenerateUUID4(Node):
    """Make an id of chance that nobody else has.
    uuid, id, random, unique

    Use cases:
    - Give a record an id
    - Name a file that must not replace another
    - Mark a request
    """

    type_name: ClassVar = "lib.uuid.GenerateUUID4"
    title: ClassVar = "Generate UUID 4"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> str:
        return str(uuid.uuid4())


class GenerateUUID1(Node):
    """Make an id of the time that nobody else has.
    uuid, id, time, unique

    The place of the machine in it is left to chance.

    Use cases:
    - Give records ids that tell when they were made
    - Name a file that must not replace another
    - Mark a request
    """

    type_name: ClassVar = "lib.uuid.GenerateUUID1"
    title: ClassVar = "Generate UUID 1"
    runs: ClassVar[Runs] = "inline"

    def process(self) -> str:
        return str(uuid.uuid1(node=uuid.uuid4().int >> 80 | 1 << 40))  # the bit says that it is no real address


class GenerateUUID3(Node):
    """Make an id of a name: the same name has the same id (MD5).
    uuid, id, name, hash

    Use cases:
    - Find a record again by its name
    - Recognize an address
    - Work with systems that make ids this way
    """

    type_name: ClassVar = "lib.uuid.GenerateUUID3"
    title: ClassVar = "Generate UUID 3"
    runs: ClassVar[Runs] = "inline"

    namespace: Namespace = "dns"
    name: str = ""

    def process(self) -> str:
        return str(uuid.uuid3(_namespace(self.namespace), self.name))


class GenerateUUID5(Node):
    """Make an id of a name: the same name has the same id (SHA-1).
    uuid, id, name, hash

    Use cases:
    - Find a record again by its name
    - Recognize an address
    - Keep two imports from making doubles
    """

    type_name: ClassVar = "lib.uuid.GenerateUUID5"
    title: ClassVar = "Generate UUID 5"
    runs: ClassVar[Runs] = "inline"

    namespace: Namespace = "dns"
    name: str = ""

    def process(self) -> str:
        return str(uuid.uuid5(_namespace(self.namespace), self.name))


class ParseUUID(Node):
    """Read an id: its version, and each of its forms.
    uuid, id, parse, read

    Use cases:
    - See of what kind an id is
    - Bring ids into one form
    - Take an id apart
    """

    type_name: ClassVar = "lib.uuid.ParseUUID"
    title: ClassVar = "Parse UUID"
    runs: ClassVar[Runs] = "inline"

    uuid_string: str = ""

    def process(self) -> dict[str, Any]:
        id = _parsed(self.uuid_string)
        return {
            "uuid": str(id),
            "version": id.version,
            "variant": id.variant,
            "hex": id.hex,
            "int": str(id.int),
            "urn": id.urn,
        }


class FormatUUID(Node):
    """Write an id in another form.
    uuid, id, format, hex, urn

    Use cases:
    - Leave the dashes out
    - Write an id as other systems do
    - Bring ids into one form
    """

    type_name: ClassVar = "lib.uuid.FormatUUID"
    title: ClassVar = "Format UUID"
    runs: ClassVar[Runs] = "inline"

    uuid_string: str = ""
    format: Format = "standard"

    def process(self) -> str:
        id = _parsed(self.uuid_string)
        match self.format:
            case "standard":
                return str(id)
            case "hex" | "bytes_hex":
                return id.hex
            case "urn":
                return id.urn
            case "int":
                return str(id.int)


class IsValidUUID(Node):
    """Say whether a text is an id.
    uuid, id, validate, check

    Use cases:
    - Check what a caller sent
    - Tell ids from names
    - Choose a branch
    """

    type_name: ClassVar = "lib.uuid.IsValidUUID"
    title: ClassVar = "Is Valid UUID"
    runs: ClassVar[Runs] = "inline"

    uuid_string: str = ""

    def process(self) -> bool:
        try:
            _parsed(self.uuid_string)
        except BadInput:
            return False
        return True


def _parsed(text: str, handle: str = "uuid_string") -> uuid.UUID:
    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise BadInput(handle, "is not a UUID", text) from None


def _namespace(name: str) -> uuid.UUID:
    return NAMESPACES.get(name.lower()) or _parsed(name, "namespace")
