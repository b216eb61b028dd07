"""What a node may say and use while it runs."""

from typing import Any, Protocol

from nodetool.protocol.events import Severity
from nodetool.sdk.called import Called
from nodetool.sdk.http import Http
from nodetool.sdk.workspace import Workspace


class Context(Protocol):
    """Given to a ``process`` that takes it as its second parameter: ``def process(self, ctx: Context) -> str``.

    Every method returns at once and may be called from a thread. Nothing said here is a value: only what ``process``
    returns or yields reaches other nodes. What ``http`` does is awaited.
    """

    @property
    def job_id(self) -> str:
        """The job that this run belongs to."""
        ...

    @property
    def node_id(self) -> str:
        """The node's id in the workflow."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first start of the job, 2 after the first restart, and so on."""
        ...

    @property
    def idempotency_token(self) -> str:
        """Stands for this piece of work: the same on each attempt of the job, and different for each other piece.

        Give it to a provider as the ``Idempotency-Key``, and a call that an earlier attempt has made is not made twice.
        36 characters, of the form of a UUID. It is made of the job, the node and its inputs; of firings on equal inputs
        the first that asks has the first token, and so on. What a node reads from a ``Stream`` is not part of it.
        """
        ...

    @property
    def http(self) -> Http:
        """Ask other servers: ``answer = await ctx.http.get(url)``. For an async ``process``, in the loop it runs in."""
        ...

    @property
    def workspace(self) -> Workspace:
        """The files of this run, in a folder of its own; gone when the run has ended."""
        ...

    @property
    def workflow(self) -> Called:
        """The workflow that the node calls; only for classes that declare ``calls``."""
        ...

    def secret(self, name: str) -> str:
        """Return a secret that the class of the node declares.

        Raises:
            SecretMissing: it is not set, or cannot be read; the text says how to set it.
            UndeclaredSecret: the class does not declare it.
        """
        ...

    def progress(self, progress: int, total: int, chunk: str = "") -> None:
        """Say how far the node is. Sent at most 20 times a second, the first and the last always."""
        ...

    def log(self, content: str, severity: Severity = "info") -> None:
        """Write a line into the job's log."""
        ...

    def preview(self, value: Any) -> None:
        """Show a value to whoever watches. Sent at most 20 times a second, the last always."""
        ...

    def chunk(
        self,
        content: str,
        *,
        content_type: str = "text",
        content_metadata: dict[str, Any] | None = None,
        done: bool = False,
    ) -> None:
        """Show a piece of content as it is made. To pass text on to other nodes, yield a ``Chunk`` instead."""
        ...

    def notify(self, content: str, severity: Severity = "info") -> None:
        """Show the person who runs the workflow a message."""
        ...
