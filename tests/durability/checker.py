"""What must hold of every accepted job, whatever was killed: of its log, and of what clients saw against it."""

import json
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from nodetool.conformance import laws
from nodetool.conformance.laws import Wrong
from nodetool.protocol import codec
from nodetool.protocol.events import ENDED
from nodetool.storage.keys import LAST_SEQ, SEQ_BITS
from nodetool.storage.packing import unpack
from nodetool.storage.sqlite import FILE
from tests.acceptance.client import Client, Event, Talk, is_end
from tests.durability.crowd import Sight, whole_lines
from tests.durability.work import result_of

LINES = {"Accept": "application/x-ndjson"}

PATIENCE = 60.0
"""Seconds that all jobs together have to end."""


class Violation(NamedTuple):
    """A promise that was broken."""

    promise: str
    """``kept``, ``ended``, ``numbered``, ``one end``, ``logged``, ``cancelled``, ``result`` or ``settled``."""
    job_id: str
    what: str


@dataclass
class Log:
    """A job's events, as lines and decoded."""

    lines: list[bytes]
    seen_ms: int
    """When a client first knew of the job."""
    events: list[Event] = field(init=False)

    def __post_init__(self) -> None:
        self.events = [json.loads(line) for line in self.lines]

    @property
    def last(self) -> Event:
        return self.events[-1]

    @property
    def attempts(self) -> int:
        """How often it was started."""
        return sum(event["type"] == "job_update" and event["status"] == "running" for event in self.events)


class Checker:
    """Keeps the logs of all jobs that it has found ended: they must never change."""

    def __init__(self) -> None:
        self.logs: dict[str, Log] = {}

    def check(self, client: Client, sights: Sequence[Sight]) -> list[Violation]:
        """Wait until the jobs have ended, and check each against what was seen of it."""
        found = []
        until = time.monotonic() + PATIENCE
        for sight in sights:
            try:
                log = Log(followed(client, sight, until), sight.accepted_ms)
                self.logs[sight.job_id] = log
                check_log(log, sight)
                check_sight(log, sight)
            except Broken as broken:
                found.append(Violation(broken.promise, sight.job_id, broken.what))
        return found + check_sockets(client, [sight for sight in sights if sight.job_id in self.logs])

    def check_again(self, client: Client) -> list[Violation]:
        """Check that no log has changed since its job ended."""
        return [
            Violation("settled", id, "the log of an ended job is another")
            for id, log in self.logs.items()
            if client.http.get(f"/api/jobs/{id}/events", headers=LINES).content.splitlines() != log.lines
        ]


class Broken(Exception):
    """A promise does not hold."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(promise, what)
        self.promise = promise
        self.what = what


def check_log(log: Log, sight: Sight) -> None:
    """Check what holds for the log of any job that has ended."""
    try:
        laws.check_numbers(log.events, 1)
    except Wrong as wrong:
        raise Broken("numbered", str(wrong)) from wrong
    updates = [event for event in log.events if event["type"] == "job_update"]
    try:
        laws.check_states(updates, log.events)
    except Wrong as wrong:
        raise Broken("one end", str(wrong)) from wrong
    for event in log.events:
        if (event["job_id"], event["workflow_id"]) != (sight.job_id, sight.workflow):
            raise Broken("logged", f"{laws.named(event)} is of {event['job_id']}")
    check_attempts(updates)


def check_attempts(updates: Sequence[Event]) -> None:
    """Check that attempts are counted 1, 2, 3 …, each queued before it runs."""
    attempt = 0
    for update in updates:
        attempt += update["status"] == "queued"
        if update.get("attempt") != attempt:
            raise Broken("numbered", f"{laws.named(update)} is of attempt {update.get('attempt')}, not {attempt}")


def check_sight(log: Log, sight: Sight) -> None:
    """Check what a client saw against the log, and the end against what the client asked for."""
    if log.lines[: len(sight.lines)] != sight.lines:
        raise Broken("logged", f"{sight.workflow}: {difference(sight.lines, log.lines)}")
    last = log.last
    if sight.is_cancelled and last["status"] != "cancelled":
        raise Broken("cancelled", f"{sight.workflow} is {last['status']}: {last.get('error')}")
    if sight.is_regretted and last["status"] == "cancelled":
        return
    if last["status"] != "completed" or last["result"] != result_of(sight.workflow, sight.text):
        raise Broken("result", f"{sight.workflow} is {last['status']}: {last.get('error') or last.get('result')}")
    if sight.answer is not None and json.loads(sight.answer) != last["result"]:
        raise Broken("logged", f"{sight.workflow} was answered {sight.answer[:80]!r}")


def difference(seen: Sequence[bytes], log: Sequence[bytes]) -> str:
    """Say which event that was seen is another in the log."""
    place = next((at for at, line in enumerate(seen) if at >= len(log) or log[at] != line), 0)
    there = log[place][:200] if place < len(log) else None
    return f"event {place + 1} was seen as {seen[place][:200]!r} and is {there!r}"


def followed(client: Client, sight: Sight, until: float) -> list[bytes]:
    """Read a whole log as lines, waiting for its end."""
    lines: list[bytes] = []
    url, timeout = f"/api/jobs/{sight.job_id}/events", max(1.0, until - time.monotonic())
    try:
        with client.http.stream("GET", url, headers=LINES, timeout=timeout) as answer:
            if answer.status_code != 200:
                raise Broken("kept", f"{sight.workflow} is not there: {answer.status_code}")
            for line in whole_lines(answer):  # an empty one now and then, while nothing is told
                if time.monotonic() > until:
                    break
                lines += [line] if line else []
    except httpx.TimeoutException:
        pass
    if not lines or not is_end(json.loads(lines[-1])):
        raise Broken("cancelled" if sight.is_cancelled else "ended", f"{sight.workflow} goes on without end")
    return lines


def check_sockets(client: Client, sights: Iterable[Sight]) -> list[Violation]:
    """Check the frames that were seen against those that a socket gives now."""
    found = []
    with client.talk() as talk:
        for sight in sights:
            if not sight.frames:
                continue
            frames = frames_of(talk, sight.job_id)
            if frames[: len(sight.frames)] != sight.frames:
                found.append(Violation("logged", sight.job_id, f"{sight.workflow}: {difference(sight.frames, frames)}"))
    return found


def frames_of(talk: Talk, job_id: str) -> list[bytes]:
    """Read a whole log as frames."""
    talk.ask("reconnect_job", job_id=job_id, after=0)
    frames: list[bytes] = []
    while not frames or not is_end(msgspec.msgpack.decode(frames[-1])):
        frame = talk.socket.recv(10)
        assert isinstance(frame, bytes)
        frames.append(frame)
    return frames


# The database itself, also of jobs that nobody saw.


class Audit(NamedTuple):
    """What a database holds whose server has ended."""

    jobs: int
    texts: set[str]
    """What each job was given."""
    failures: dict[str, int]
    """Attempts of each job that counted as ended badly."""
    violations: list[Violation]


def audit(home: Path) -> Audit:
    """Look at every row. The server may be up, as long as no job is under way."""
    database = sqlite3.connect(f"{(home / FILE).as_uri()}?mode=ro", uri=True)
    try:
        (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
        assert verdict == "ok"
        rows = database.execute("SELECT no, id, status, last_seq, params, failures FROM jobs").fetchall()
        batches: dict[int, list[Any]] = {}
        for key, count, *stored in database.execute("SELECT key, count, flags, bytes FROM events ORDER BY key"):
            batches.setdefault(key >> SEQ_BITS, []).append((key & LAST_SEQ, count, unpack(*stored)[1]))
    finally:
        database.close()
    texts = {str(codec.value_of(params).get("text")) for *_, params, _ in rows}
    found = []
    for no, id, status, last_seq, *_ in rows:
        try:
            audit_job(status, last_seq, batches.get(no, []))
        except Broken as broken:
            found.append(Violation(broken.promise, id.hex(), broken.what))
    found += [Violation("kept", "", f"events of no job {no}") for no in batches.keys() - {row[0] for row in rows}]
    return Audit(len(rows), texts, {row[1].hex(): row[5] for row in rows}, found)


def audit_job(status: str, last_seq: int, batches: Sequence[Any]) -> None:
    """Check that the row of a job says what its events say."""
    if status not in ENDED:
        raise Broken("ended", f"the row says {status}")
    due, last = 2, b""
    for first_seq, count, data in batches:
        events = codec.split(count, data)
        if first_seq != due:
            raise Broken("numbered", f"a batch begins with {first_seq}, where {due} was due")
        due, last = first_seq + count, bytes(events[-1])
    if due != last_seq + 1:
        raise Broken("numbered", f"the row says {last_seq}, the last event is {due - 1}")
    end = msgspec.msgpack.decode(last) if last else {}
    if end.get("type") != "job_update" or end.get("status") != status:
        raise Broken("one end", f"the row says {status}, the last event {end.get('status')}")
