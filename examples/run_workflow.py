"""Run a workflow and watch it, event by event, with nothing but Python's standard library.

    python run_workflow.py WORKFLOW_ID ['{"name": "Ada"}']

NODETOOL_URL says where the server is (http://127.0.0.1:8000); NODETOOL_TOKEN is sent if it is set. Outputs go to
stdout, all else to stderr. A connection that breaks is taken up where it was cut; Ctrl-C cancels the run. Exit codes:
0 completed, 1 failed or refused, 130 cancelled.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

BASE = os.environ.get("NODETOOL_URL", "http://127.0.0.1:8000")
PATIENCE = 60
"""Seconds that a server may be away."""
SILENCE = 40
"""Seconds without a byte until a connection is given up: the server sends a sign of life every 15."""

Event = dict[str, Any]


class Refused(Exception):
    """What the server refuses: asking again would not help."""


def call(method: str, path: str, body: Any = None, accept: str = "application/json") -> HTTPResponse:
    headers = {"Content-Type": "application/json", "Accept": accept}
    if token := os.environ.get("NODETOOL_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    try:
        response: HTTPResponse = urlopen(Request(BASE + path, data, headers, method=method), timeout=SILENCE)
    except HTTPError as error:
        problem = json.load(error)
        if error.code == 503:
            raise ConnectionError(problem["detail"]) from None
        raise Refused(f"{problem['code']}: {problem['detail']}") from None
    return response


def follow(job_id: str, response: HTTPResponse) -> Iterator[Event]:
    """Yield every event of a job, once and in order. They are numbered and kept, so a lost connection loses none."""
    seen, heard = 0, time.monotonic()
    while True:
        try:
            with response:
                for line in response:
                    if line.strip():  # an empty line is a sign of life
                        event = json.loads(line)
                        seen, heard = event["seq"], time.monotonic()
                        yield event
                        if is_last(event):
                            return
        except (OSError, HTTPException, ValueError):
            pass  # cut in the middle of a line perhaps, which is as good as ended too early
        print(f"connection lost, going on behind event {seen}", file=sys.stderr)
        response = again(f"/api/jobs/{job_id}/events?after={seen}", heard)


def again(path: str, heard: float) -> HTTPResponse:
    """Ask for events until there is an answer, or the server was away for too long."""
    while True:
        time.sleep(0.3)
        try:
            return call("GET", path, accept="application/x-ndjson")
        except OSError:
            if time.monotonic() - heard > PATIENCE:
                raise


def is_last(event: Event) -> bool:
    return event["type"] == "job_update" and event["status"] in ("completed", "failed", "cancelled")


def show(event: Event) -> None:
    match event["type"]:
        case "job_update":
            print("Job:", event["status"], event.get("message", ""), file=sys.stderr)
        case "node_update":
            print("Node:", event["node_name"], event["status"], event.get("error", ""), file=sys.stderr)
        case "node_progress":
            print("Progress:", event["node_name"], f"{event['progress'] / event['total']:.0%}", file=sys.stderr)
        case "output_update":
            print("Output:", event["output_name"], event["value"], file=sys.stderr)


def run(workflow_id: str, params: dict[str, Any]) -> Event:
    """Run a workflow to its end, and return its last event. Ctrl-C cancels it, and the end comes all the same."""
    response = call("POST", f"/api/workflows/{quote(workflow_id, safe='')}/run?stream=true", {"params": params})
    job_id = response.headers["Nodetool-Job-Id"]

    def cancel(number: int, _: Any) -> None:
        signal.signal(number, signal.SIG_DFL)  # a second Ctrl-C ends this program
        call("POST", f"/api/jobs/{job_id}/cancel").close()

    signal.signal(signal.SIGINT, cancel)
    for event in follow(job_id, response):
        show(event)
    return event


def main(arguments: list[str]) -> int:
    if not arguments:
        raise Refused("usage: python run_workflow.py WORKFLOW_ID [PARAMS]")
    last = run(arguments[0], json.loads(arguments[1]) if arguments[1:] else {})
    if last["status"] == "failed":
        raise Refused(f"{last['code']}: {last['error']}")
    if last["status"] == "cancelled":
        return 130
    print(json.dumps(last["result"], indent=2))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (Refused, OSError, ValueError) as error:
        sys.exit(str(error))
