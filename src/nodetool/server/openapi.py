"""/openapi.json: the routes with the shapes of what they take and answer.

The shapes are those of the Structs. What a route takes beside its body, and how it may refuse, is written down in DOCS,
as handlers take their requests as they are; a test compares the two tables.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any

import msgspec

from nodetool.protocol import answers
from nodetool.protocol.codec import to_json
from nodetool.protocol.commands import RunJobData
from nodetool.protocol.documents import Graph, RunRequest, SecretRequest, TokenRequest, Workflow, WorkflowRequest
from nodetool.protocol.events import AnyEvent
from nodetool.server.jobs import STATUSES
from nodetool.server.options import Options
from nodetool.server.requests import Request
from nodetool.server.responses import Answer
from nodetool.server.routes import Route
from nodetool.server.types import ASGIApp

REF = "#/components/schemas/{name}"

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    return {"$ref": REF.format(name=name)}


OBJECT: Schema = {"type": "object"}
EVENT: Schema = ref("Event")
OUTPUTS: Schema = {"type": "object", "description": "A property for each output node."}

SHAPES: dict[tuple[str, str], Schema] = {
    ("WorkflowRequest", "graph"): ref("Graph"),
    ("WorkflowRequest", "settings"): {"type": ["object", "null"]},
    ("Workflow", "graph"): ref("Graph"),
    ("Workflow", "settings"): {"type": ["object", "null"]},
    ("Workflow", "input_schema"): OBJECT,
    ("Workflow", "output_schema"): OBJECT,
    ("JobDocument", "params"): OBJECT,
    ("JobDocument", "result"): {"type": ["object", "null"]},
    ("EventPage", "events"): {"type": "array", "items": EVENT},
}
"""Fields that hold JSON as it came, and what is known of it."""


def in_query(name: str, description: str, **schema: Any) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def in_header(name: str, description: str) -> Schema:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


IN_PATH = re.compile(r"\{(\w+)\}")
LIMIT = in_query("limit", "How many at most.", type="integer", minimum=1, maximum=1000, default=100)
CURSOR = in_query("cursor", "The `next` of the page before.", type="string")
COLUMNS = in_query("columns", "Parts to show, separated by commas; all without it.", type="string")
STREAM = in_query("stream", "Answer with every event, a line each.", enum=["true", "false", "1", "0"], default="false")
OF_WORKFLOW = in_query("workflow_id", "Only jobs of this workflow.", type="string")
STATUS = in_query("status", "Only jobs in this state.", type="string", enum=list(STATUSES))
AFTER = in_query("after", "The number of the last event already seen.", type="integer", minimum=0, default=0)
EVENTS = in_query("limit", "How many events a page holds.", type="integer", minimum=1, maximum=1000, default=1000)
WAIT = in_query("wait", "Seconds to wait for an event.", type="number", minimum=0, maximum=60, default=0)
ON_DISCONNECT = in_query(
    "on_disconnect",
    "What becomes of the run if the client goes away before the answer is complete.",
    enum=["continue", "cancel"],
    default="continue",
)
PREFER = in_header("Prefer", "`wait=N`: wait N seconds at most, then answer 202; `respond-async`: answer 202 at once.")
IDEMPOTENCY_KEY = in_header(
    "Idempotency-Key", "The same key with the same body, within a day, is answered with the job that it started first."
)
IF_MATCH = in_header("If-Match", "Only if the stored document has this ETag.")
RANGE = in_header("Range", "One part of the file: `bytes=0-99`, `bytes=100-` or `bytes=-100`.")
IF_RANGE = in_header("If-Range", "A part only if the file is still that of this `Last-Modified`; else all of it.")
IF_MODIFIED_SINCE = in_header("If-Modified-Since", "304 if the file has not changed since.")
LAST_EVENT_ID = in_header("Last-Event-ID", "As `after`, where the answer is server-sent events.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What is said about an operation beside its path."""

    takes: Schema | None = None
    takes_type: str = "application/json"
    is_optional: bool = False
    """The body may be left out."""
    query: Sequence[Schema] = ()
    gives: dict[int, dict[str, Schema]] = field(default_factory=dict)
    """What is answered, by status and media type."""
    headers: Sequence[str] = ()
    refuses: Sequence[int] = ()


def json_of(schema: Schema) -> dict[str, Schema]:
    return {"application/json": schema}


RUN_REFUSES = (400, 404, 409, 410, 413, 415, 422, 429, 503, 507)
SAVE_REFUSES = (400, 404, 413, 415, 422, 503, 507)
JOB = ("Nodetool-Job-Id",)
LATER = ("Nodetool-Job-Id", "Location")
LINES = {"application/x-ndjson": EVENT}
SSE = {"text/event-stream": {"description": "The `data` of each is an Event as JSON, that of the last one `[DONE]`."}}
ACCEPTED = json_of(ref("Accepted"))
BYTES: Schema = {"type": "string", "format": "binary"}
FILE = {"*/*": BYTES}
HEALTHY = Doc(gives={200: json_of(ref("Health"))})

DOCS: dict[str, Doc] = {
    "WorkflowRoutes.page": Doc(
        query=(LIMIT, CURSOR, COLUMNS), gives={200: json_of(ref("WorkflowList"))}, refuses=(400, 422)
    ),
    "WorkflowRoutes.read": Doc(gives={200: json_of(ref("Workflow"))}, headers=("ETag",), refuses=(404,)),
    "WorkflowRoutes.create": Doc(
        takes=ref("WorkflowRequest"),
        gives={200: json_of(ref("Workflow"))},
        headers=("ETag", "Location"),
        refuses=SAVE_REFUSES,
    ),
    "WorkflowRoutes.replace": Doc(
        takes=ref("WorkflowRequest"),
        query=(IF_MATCH,),
        gives={200: json_of(ref("Workflow"))},
        headers=("ETag",),
        refuses=(*SAVE_REFUSES, 412),
    ),
    "WorkflowRoutes.delete": Doc(
        query=(IF_MATCH,), gives={200: json_of({"type": "null"})}, refuses=(404, 412, 503, 507)
    ),
    "Runs.run": Doc(
        takes=ref("RunRequest"),
        is_optional=True,
        query=(STREAM, ON_DISCONNECT, PREFER, IDEMPOTENCY_KEY),
        gives={200: json_of(OUTPUTS) | LINES, 202: ACCEPTED},
        headers=LATER,
        refuses=RUN_REFUSES,
    ),
    "Runs.run_any": Doc(
        takes=ref("RunJobData"),
        query=(STREAM, ON_DISCONNECT, PREFER, IDEMPOTENCY_KEY),
        gives={200: json_of(OUTPUTS) | LINES, 202: ACCEPTED},
        headers=LATER,
        refuses=RUN_REFUSES,
    ),
    "Runs.stream": Doc(
        takes=ref("RunRequest"),
        is_optional=True,
        query=(ON_DISCONNECT, IDEMPOTENCY_KEY),
        gives={200: SSE},
        headers=JOB,
        refuses=RUN_REFUSES,
    ),
    "Runs.later": Doc(
        takes=ref("RunRequest"),
        is_optional=True,
        query=(IDEMPOTENCY_KEY,),
        gives={202: ACCEPTED},
        headers=LATER,
        refuses=RUN_REFUSES,
    ),
    "JobRoutes.page": Doc(
        query=(LIMIT, CURSOR, OF_WORKFLOW, STATUS), gives={200: json_of(ref("JobList"))}, refuses=(400, 422)
    ),
    "JobRoutes.read": Doc(gives={200: json_of(ref("JobDocument"))}, headers=JOB, refuses=(404, 410)),
    "JobRoutes.events": Doc(
        query=(AFTER, EVENTS, WAIT, LAST_EVENT_ID),
        gives={200: json_of(ref("EventPage")) | LINES | SSE, 204: {}},
        headers=JOB,
        refuses=(404, 409, 410, 422, 503),
    ),
    "JobRoutes.cancel": Doc(
        gives={200: json_of(ref("JobDocument")), 202: json_of(ref("JobDocument"))},
        headers=JOB,
        refuses=(404, 410, 503, 507),
    ),
    "JobRoutes.profile": Doc(gives={200: json_of(ref("JobProfile"))}, headers=JOB, refuses=(404, 410, 503)),
    "JobRoutes.retry": Doc(gives={202: ACCEPTED}, headers=LATER, refuses=(404, 409, 410, 422, 429, 503, 507)),
    "TokenRoutes.create": Doc(
        takes=ref("TokenRequest"),
        gives={200: json_of(ref("NewToken"))},
        headers=("Location",),
        refuses=(400, 409, 413, 415, 422, 503, 507),
    ),
    "TokenRoutes.page": Doc(gives={200: json_of(ref("TokenList"))}),
    "TokenRoutes.revoke": Doc(gives={200: json_of({"type": "null"})}, refuses=(404, 503, 507)),
    "NodeRoutes.metadata": Doc(gives={200: json_of({"type": "array", "items": OBJECT})}),
    "NodeRoutes.packs": Doc(gives={200: json_of({"type": "array", "items": OBJECT})}),
    "SecretRoutes.list": Doc(gives={200: json_of(ref("SecretList"))}),
    "SecretRoutes.set": Doc(
        takes=ref("SecretRequest"), gives={200: json_of(ref("SecretDocument"))}, refuses=(400, 413, 415, 422, 503, 507)
    ),
    "SecretRoutes.delete": Doc(gives={200: json_of({"type": "null"})}, refuses=(404, 503, 507)),
    "StorageRoutes.read": Doc(
        query=(RANGE, IF_RANGE, IF_MODIFIED_SINCE),
        gives={200: FILE, 206: FILE, 304: {}},
        headers=("Last-Modified", "Accept-Ranges"),
        refuses=(400, 404, 416, 503),
    ),
    "StorageRoutes.write": Doc(takes=BYTES, takes_type="*/*", gives={200: {}}, refuses=(400, 413, 422, 503, 507)),
    "StorageRoutes.delete": Doc(gives={200: json_of({"type": "null"}), 204: {}}, refuses=(400, 404, 503)),
    "HealthRoutes.health": HEALTHY,
    "HealthRoutes.ping": Doc(gives={200: json_of(ref("Pulse"))}),
    "HealthRoutes.ready": Doc(gives={200: json_of(ref("Health"))}, refuses=(503,)),
    "PageRoutes.page": Doc(gives={200: {"text/html": {"schema": {"type": "string"}}}}, refuses=(404,)),
    "MetricRoutes.metrics": Doc(gives={200: {"text/plain": {"schema": {"type": "string"}}}}),
    "Description.read": Doc(gives={200: json_of(OBJECT)}),
}

ALWAYS = (403, 421, 500)
"""What any request may be refused with: a foreign page, a foreign host, a bug; a failed run is 500 too."""

ASKED = (401, 429, 503)
"""And what is not for everybody: no token that we know, too many requests, and nobody who knows the token."""

TOKEN: Schema = {"type": "http", "scheme": "bearer", "description": "Needed where the server asks for tokens."}


class Description:
    """The document, made when it is first asked for."""

    def __init__(self, routes: list[Route], options: Options) -> None:
        self._routes = routes
        self._version = options.version

    async def read(self, _: Request) -> ASGIApp:
        """Describe the API (OpenAPI 3.1)."""
        return Answer(self._json)

    @cached_property
    def _json(self) -> bytes:
        return to_json(described(self._routes, self._version))


def described(routes: list[Route], version: str) -> dict[str, Any]:
    """Return the document for *routes*."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "nodetool", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": schemas(), "securitySchemes": {"token": TOKEN}},
    }


def operation(route: Route) -> dict[str, Any]:
    doc = DOCS[route.operation]
    said: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": (route.handler.__doc__ or "").strip(),
        "tags": [route.path.removeprefix("/api/").strip("/").partition("/")[0] or "pages"],
        "responses": responses(doc, (*ALWAYS, *ASKED) if route.needs else ALWAYS),
        # A server of one user needs no token; the scopes are those of which a token must have one.
        "security": [{}, {"token": sorted(route.needs)}] if route.needs else [],
    }
    if parameters := [*map(in_path, IN_PATH.findall(route.path)), *doc.query]:
        said["parameters"] = parameters
    if doc.takes:
        said["requestBody"] = {"required": not doc.is_optional, "content": {doc.takes_type: {"schema": doc.takes}}}
    return said


def operation_id(route: Route) -> str:
    name = route.operation.replace("Routes", "").replace(".", "_").lower()
    if "{key}" in route.path:  # one handler on several paths
        name = "_".join([name, *re.findall(r"\w+", route.path.removesuffix("{key}"))])
    return f"{name}_head" if route.method == "HEAD" else name


def responses(doc: Doc, always: Sequence[int]) -> dict[str, Any]:
    given = {str(status): response(doc, status, content) for status, content in doc.gives.items()}
    return given | {str(status): problem(status) for status in sorted({*doc.refuses, *always})}


def response(doc: Doc, status: int, content: dict[str, Schema]) -> dict[str, Any]:
    said: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if doc.headers:
        names = [name for name in doc.headers if name != "Location" or status == max(doc.gives)]
        said["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    if content:
        said["content"] = {type: {"schema": schema} for type, schema in content.items()}
    return said


def problem(status: int) -> dict[str, Any]:
    said: dict[str, Any] = {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": ref("Problem")}},
    }
    if status == 401:
        said["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    if status in {429, 503}:
        said["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return said


def schemas() -> dict[str, Any]:
    """Return the shape of everything that goes over the wire, by name."""
    types = (
        answers.Problem,
        answers.Accepted,
        answers.JobList,
        answers.JobDocument,
        answers.JobProfile,
        answers.WorkflowList,
        answers.EventPage,
        answers.TokenList,
        answers.NewToken,
        answers.Pulse,
        Graph,
        Workflow,
        without_raw(WorkflowRequest),
        TokenRequest,
        RunRequest,
        RunJobData,
        answers.Health,
        answers.SecretList,
        SecretRequest,
    )
    (*_, event), components = msgspec.json.schema_components((*types, AnyEvent), ref_template=REF)
    for (name, key), shape in SHAPES.items():
        components[name]["properties"][key] = shape
    return components | {"Event": event}


def without_raw(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return *kind* with any value where it keeps JSON as it came: a default of that type has no schema."""
    fields = [field_without_raw(known) for known in msgspec.structs.fields(kind)]
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, namespace={"__doc__": kind.__doc__})


def field_without_raw(known: msgspec.structs.FieldInfo) -> Any:
    if known.type is not msgspec.Raw:
        return (known.name, known.type) if known.required else (known.name, known.type, known.default)
    if not bytes(known.default):
        return (known.name, Any)
    return (known.name, Any, msgspec.json.decode(known.default))
