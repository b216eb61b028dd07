"""The workflow that a node calls, as the node sees it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol


class Called(Protocol):
    """Each run of it is part of the job and its process. Several may be under way at once."""

    @property
    def name(self) -> str:
        """What its owner calls it."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of its outputs."""
        ...

    async def run(self, params: Mapping[str, Any], index: int | None = None) -> dict[str, Any]:
        """Run it and return its outputs: a list for each that is one, nothing for a branch that was not taken.

        Args:
            params: values for its inputs, handed over as they are. Those without one take their defaults.
            index: which call this is, for whoever watches; counted if there may be several and it is not given.

        Raises:
            JobFailed: a node of it failed, or a value does not fit its input.
        """
        ...

    def stream(self, params: Mapping[str, Any], index: int | None = None) -> AsyncGenerator[tuple[str, Any], None]:
        """Run it and yield what reaches its outputs as it comes: the name of the output, and the value.

        Close it (``contextlib.aclosing``) to end the run early. Arguments and errors as of ``run``.
        """
        ...
