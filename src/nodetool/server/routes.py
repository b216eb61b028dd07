"""Which path leads where: two tables over the same handlers, one for each surface."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nodetool.server.health import HealthRoutes
from nodetool.server.jobs import JobRoutes
from nodetool.server.metrics import MetricRoutes
from nodetool.server.nodes import NodeRoutes
from nodetool.server.options import Options
from nodetool.server.pages import PageRoutes
from nodetool.server.ports import Services
from nodetool.server.requests import Request
from nodetool.server.runs import Runs
from nodetool.server.secrets import SecretRoutes
from nodetool.server.sockets import Sockets
from nodetool.server.storage import StorageRoutes
from nodetool.server.types import ASGIApp
from nodetool.server.visitors import Visitors
from nodetool.server.workflows import WorkflowRoutes

Handler = Callable[[Request], Awaitable[ASGIApp]]

SOCKETS = ("/predict", "/ws")


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path and what handles it. ``{id}`` in a path is the id of a workflow or a job."""

    method: str
    path: str
    handler: Handler

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
    page = Route("GET", "/", PageRoutes(options.page).page)
    return [
        *editor,
        *shared(options.prefix, workflows, runs, jobs),
        *(stored_on_editor(assets, temp) if options.surface == "editor" else stored_on_worker(assets, temp)),
        *always(health, MetricRoutes(services.metrics, visitors, sockets)),
        page,
    ]


def editor_only(workflows: WorkflowRoutes, runs: Runs, nodes: NodeRoutes, secrets: SecretRoutes) -> list[Route]:
    return [
        Route("POST", "/api/workflows", workflows.create),
        Route("POST", "/api/jobs/run", runs.run_any),
        Route("GET", "/api/nodes/metadata", nodes.metadata),
        Route("GET", "/api/settings/secrets", secrets.list),
        Route("PUT", "/api/settings/secrets/{name}", secrets.set),
        Route("DELETE", "/api/settings/secrets/{name}", secrets.delete),
    ]


def shared(prefix: str, workflows: WorkflowRoutes, runs: Runs, jobs: JobRoutes) -> list[Route]:
    return [
        Route("GET", f"{prefix}/workflows", workflows.page),
        Route("GET", f"{prefix}/workflows/{{id}}", workflows.read),
        Route("PUT", f"{prefix}/workflows/{{id}}", workflows.replace),
        Route("DELETE", f"{prefix}/workflows/{{id}}", workflows.delete),
        Route("POST", f"{prefix}/workflows/{{id}}/run", runs.run),
        Route("POST", f"{prefix}/workflows/{{id}}/run/stream", runs.stream),
        Route("POST", f"{prefix}/workflows/{{id}}/jobs", runs.later),
        Route("GET", f"{prefix}/jobs", jobs.page),
        Route("GET", f"{prefix}/jobs/{{id}}", jobs.read),
        Route("GET", f"{prefix}/jobs/{{id}}/events", jobs.events),
        Route("POST", f"{prefix}/jobs/{{id}}/cancel", jobs.cancel),
        Route("POST", f"{prefix}/jobs/{{id}}/retry", jobs.retry),
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
    return [Route("GET", path, files.read), Route("HEAD", path, files.read)]


def writing(path: str, files: StorageRoutes) -> list[Route]:
    return [Route("PUT", path, files.write), Route("DELETE", path, files.delete)]


def always(health: HealthRoutes, metrics: MetricRoutes) -> list[Route]:
    answers = {"/health": health.health, "/ping": health.ping, "/ready": health.ready}
    public = [Route(method, path, handler) for path, handler in answers.items() for method in ("GET", "HEAD")]
    return [*public, Route("GET", "/metrics", metrics.metrics)]
