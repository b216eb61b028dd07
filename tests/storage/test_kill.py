"""A real ``kill -9`` in mid-load: everything that was acknowledged is there."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nodetool.storage.home import Home
from nodetool.storage.sqlite import open_store
from tests.storage.helpers import batch, job_id

LOAD = """
import asyncio, os, sys
from pathlib import Path
from nodetool.storage.home import Home
from nodetool.storage.port import Done
from nodetool.storage.sqlite import open_store
from tests.storage.helpers import accept, append, end

async def client(store):
    while True:
        no = store.writer.next_no()
        accepted = store.writer.append([accept(no)])
        for op in (append(no, 2, 3), append(no, 5, 4), end(no, 9)):
            assert await store.writer.append([op]) == [Done()]
            os.write(1, b"%d %d\\n" % (no, op.first_seq + op.count - 1))  # one write: never half a line
        assert await accepted == [Done()]

async def main():
    with Home.open(Path(sys.argv[1])) as home:
        store = open_store(home.path, sync=sys.argv[2], checkpoint_s=0.01, max_wal_bytes=1 << 18)
        await asyncio.gather(*[client(store) for _ in range(8)])

asyncio.run(main())
"""


def killed_in_mid_load(home: Path, sync: str, root: Path, seconds: float) -> dict[int, int]:
    """Run the load, kill it, and return the last number that it acknowledged for each job."""
    load = subprocess.Popen([sys.executable, "-c", LOAD, str(home), sync], stdout=subprocess.PIPE, cwd=root, text=True)
    assert load.stdout is not None
    first = load.stdout.readline()
    threading.Timer(seconds, load.kill).start()
    pairs = [line.split() for line in [first, *load.stdout]]
    load.wait()
    load.stdout.close()
    return {int(no): int(last) for no, last in pairs}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("sync", ["normal", "full"])
async def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path, root: Path, scale: int, sync: str) -> None:
    jobs = 0
    for _ in range(2 * scale):
        acknowledged = killed_in_mid_load(tmp_path, sync, root, 0.3)
        jobs += len(acknowledged)
        with Home.open(tmp_path) as home:
            store = open_store(home.path, sync="normal")
            unfinished = {row.no for row in await store.reader.unfinished()}
            for no, last in acknowledged.items():
                row = await store.reader.job(job_id(no))
                assert row is not None
                assert row.last_seq >= last
                log = await store.reader.events(no, 0, limit=99, max_bytes=9999)
                assert b"".join(one.data for one in log) == batch(2, row.last_seq - 1)
                assert (row.status == "completed") == (row.last_seq == 9) == (no not in unfinished)
            await store.close()
    print(f"{sync}: {jobs} jobs acknowledged before a kill, all there")
