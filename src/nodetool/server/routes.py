"""Which path leads where: two tables over the same handlers, one for each surface."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nodetool.server.health import HealthRoutes
from nodetool.server.jobs import JobRoutes
from nodetool.server.metrics import MetricRoutes
from nodetool.server.nodes import NodeRoutes
from nodetool.server.options import Options, Surface
from nodetool.server.pages import PageRoutes
from nodetool.server.ports import Services
from nodetool.server.requests import Request
from nodetool.server.runs import Runs
from nodetool.server.scopes import ADMIN, LOOK, READ, RUN, WRITE, Needs
from nodetool.server.secrets import SecretRoutes
from nodetool.server.sockets import Sockets
from nodetool.server.storage import StorageRoutes
from nodetool.server.tokens import TokenRoutes
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors
from nodetool.server.workflows import WorkflowRoutes

Handler = Callable[[Request], Awaitable[ASGIApp]]

SOCKETS = ("/predict", "/ws")
UPDATES = "/updates"


def sockets_of(surface: Surface) -> tuple[str, ...]:
    """Return the paths of a surface's sockets."""
    return (*SOCKETS, UPDATES) if surface == "editor" else SOCKETS


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path and what handles it. ``{id}`` in a path is the id of a workflow, a job or a token."""

    method: str
    path: str
    handler: Handler
    needs: Needs | None = ADMIN
    """One of these scopes a token must have; None: the route is for everybody. Who forgets it forgets nothing open."""
    action: str = ""
    """What it does, in an audit line; nothing if it changes nothing."""

    @property
    def operation(self) -> str:
        """The handler by its class and name, as ``Runs.run``."""
        return self.handler.__qualname__


def table(services: Services, options: Options, visitors: Visitors, sockets: Sockets) -> list[Route]:
    """Return the routes of the surface that *options* name."""
    workflows = WorkflowRoutes(services.workflows, options)
    runs = Runs(services.jobs, visitors, options)
    jobs = JobRoutes(services.jobs, visitors, options)
    health = HealthRoutes(services.readiness, visitors)
    secrets = SecretRoutes(services.secrets, options)
    editor = editor_only(workflows, runs, NodeRoutes(services.nodes), secrets) if options.surface == "editor" else []
    assets = StorageRoutes(services.blobs, "assets", options)
    temp = StorageRoutes(services.blobs, "temp", options)
    page = Route("GET", "/", PageRoutes(options.page).page, None)
    return [
        *editor,
        *shared(options.prefix, workflows, runs, jobs),
        *for_tokens(options.prefix, TokenRoutes(services.tokens, options)),
        *(stored_on_editor(assets, temp) if options.surface == "editor" else stored_on_worker(assets, temp)),
        *always(health, MetricRoutes(services.metrics, visitors, sockets)),
        page,
    ]


def editor_only(workflows: WorkflowRoutes, runs: Runs, nodes: NodeRoutes, secrets: SecretRoutes) -> list[Route]:
    return [
        Route("POST", "/api/workflows", workflows.create, WRITE, "workflow.create"),
        Route("POST", "/api/jobs/run", runs.run_any, RUN, "job.run"),
        Route("GET", "/api/nodes/metadata", nodes.metadata, LOOK),
        Route("GET", "/api/nodes/packs", nodes.packs, LOOK),
        Route("GET", "/api/settings/secrets", secrets.list, ADMIN),
        Route("PUT", "/api/settings/secrets/{name}", secrets.set, ADMIN, "secret.set"),
        Route("DELETE", "/api/settings/secrets/{name}", secrets.delete, ADMIN, "secret.delete"),
    ]


def shared(prefix: str, workflows: WorkflowRoutes, runs: Runs, jobs: JobRoutes) -> list[Route]:
    return [
        Route("GET", f"{prefix}/workflows", workflows.page, LOOK),
        Route("GET", f"{prefix}/workflows/{{id}}", workflows.read, LOOK),
        Route("PUT", f"{prefix}/workflows/{{id}}", workflows.replace, WRITE, "workflow.save"),
        Route("DELETE", f"{prefix}/workflows/{{id}}", workflows.delete, WRITE, "workflow.delete"),
        Route("POST", f"{prefix}/workflows/{{id}}/run", runs.run, RUN, "job.run"),
        Route("POST", f"{prefix}/workflows/{{id}}/run/stream", runs.stream, RUN, "job.run"),
        Route("POST", f"{prefix}/workflows/{{id}}/jobs", runs.later, RUN, "job.run"),
        Route("GET", f"{prefix}/jobs", jobs.page, LOOK),
        Route("GET", f"{prefix}/jobs/{{id}}", jobs.read, LOOK),
        Route("GET", f"{prefix}/jobs/{{id}}/events", jobs.events, LOOK),
        Route("GET", f"{prefix}/jobs/{{id}}/profile", jobs.profile, LOOK),
        Route("POST", f"{prefix}/jobs/{{id}}/cancel", jobs.cancel, RUN, "job.cancel"),
        Route("POST", f"{prefix}/jobs/{{id}}/retry", jobs.retry, RUN, "job.retry"),
    ]


def for_tokens(prefix: str, tokens: TokenRoutes) -> list[Route]:
    return [
        Route("POST", f"{prefix}/tokens", tokens.create, ADMIN, "token.create"),
        Route("GET", f"{prefix}/tokens", tokens.page, ADMIN),
        Route("DELETE", f"{prefix}/tokens/{{id}}", tokens.revoke, ADMIN, "token.revoke"),
    ]


def stored_on_editor(assets: StorageRoutes, temp: StorageRoutes) -> list[Route]:
    return [
        *reading("/api/storage/{key}", assets),
        *writing("/api/storage/{key}", assets),
        *reading("/api/storage/temp/{key}", temp),
        *writing("/api/storage/temp/{key}", temp),
    ]


def stored_on_worker(assets: StorageRoutes, temp: StorageRoutes) -> list[Route]:
    return [
        *reading("/storage/assets/{key}", assets),
        *reading("/storage/temp/{key}", temp),
        *reading("/admin/storage/assets/{key}", assets),
        *writing("/admin/storage/assets/{key}", assets),
        *reading("/admin/storage/temp/{key}", temp),
        *writing("/admin/storage/temp/{key}", temp),
    ]


def reading(path: str, files: StorageRoutes) -> list[Route]:
    return [Route("GET", path, files.read, READ), Route("HEAD", path, files.read, READ)]


def writing(path: str, files: StorageRoutes) -> list[Route]:
    return [
        Route("PUT", path, files.write, WRITE, "file.write"),
        Route("DELETE", path, files.delete, WRITE, "file.delete"),
    ]


def always(health: HealthRoutes, metrics: MetricRoutes) -> list[Route]:
    answers = {"/health": health.health, "/ping": health.ping, "/ready": health.ready}
    public = [Route(method, path, handler, None) for path, handler in answers.items() for method in ("GET", "HEAD")]
    return [*public, Route("GET", "/metrics", metrics.metrics, READ)]
