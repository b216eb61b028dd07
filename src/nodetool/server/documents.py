"""Jobs as REST shows them. Nothing here needs the web framework."""

import msgspec

from nodetool.protocol import codec
from nodetool.protocol.answers import Accepted, JobDocument, JobList, JobSummary, Links
from nodetool.protocol.events import Status
from nodetool.protocol.times import rfc3339
from nodetool.server.ports import Ending
from nodetool.storage.port import JobRow, Page


def job_url(prefix: str, id: str) -> str:
    return f"{prefix}/jobs/{id}"


def links_of(prefix: str, id: str) -> Links:
    url = job_url(prefix, id)
    return Links(job=url, events=f"{url}/events", cancel=f"{url}/cancel", retry=f"{url}/retry")


def accepted(prefix: str, id: str, status: Status) -> Accepted:
    return Accepted(job_id=id, status=status, links=links_of(prefix, id))


def summary(row: JobRow, prefix: str) -> JobSummary:
    return JobSummary(
        id=row.id,
        job_id=row.id,
        workflow_id=row.workflow_id,
        status=row.status,
        attempt=row.attempt,
        last_seq=row.last_seq,
        error=row.error,
        created_at=rfc3339(row.created_us),
        started_at=None if row.started_us is None else rfc3339(row.started_us),
        finished_at=None if row.finished_us is None else rfc3339(row.finished_us),
        links=links_of(prefix, row.id),
    )


def job_list(page: Page[JobRow], prefix: str) -> JobList:
    return JobList(next=page.next, jobs=[summary(row, prefix) for row in page.rows])


def job_document(row: JobRow, ending: Ending | None, prefix: str) -> JobDocument:
    """Return a job with what went in and came out; *ending* is how it ended, if it did."""
    return JobDocument(
        **msgspec.structs.asdict(summary(row, prefix)),
        params=msgspec.Raw(codec.json_of_params(row.params)),
        result=msgspec.Raw(codec.json_of_msgpack(ending.result) if ending and ending.result else b"null"),
    )
