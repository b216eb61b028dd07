"""The folders of runs, as far as the server has to see to them: runs remove theirs, unless their process was killed."""

import asyncio
import shutil
from pathlib import Path

from nodetool.protocol.ids import workspace_name


class Workspaces:
    """The workspaces in *folder*, each of one attempt of a job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_work: set[asyncio.Future[None]] = set()

    def sweep(self) -> None:
        """Remove them all: at the start no run is under way."""
        for folder in [*self._folder.glob("*")]:
            self._in_thread(folder)

    def drop(self, job_id: str, attempt: int) -> None:
        """Remove the one of a run that is gone, if it had one."""
        folder = self._folder / workspace_name(job_id, attempt)
        if folder.exists():
            self._in_thread(folder)

    async def close(self) -> None:
        """Wait until what was to be removed is."""
        if self._at_work:
            await asyncio.wait(self._at_work)

    def _in_thread(self, folder: Path) -> None:
        removing = asyncio.ensure_future(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        self._at_work.add(removing)
        removing.add_done_callback(self._at_work.discard)
