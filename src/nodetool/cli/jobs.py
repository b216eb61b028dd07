"""``nodetool jobs``: what became of runs, and what is to become of them."""

from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nodetool.cli import exits
from nodetool.cli.exits import Exit
from nodetool.cli.options import AsJson, Home, NodeFiles, Prefix, Token, Url
from nodetool.protocol.errors import NodetoolError
from nodetool.protocol.events import ENDED, JobUpdate, Status

if TYPE_CHECKING:
    from nodetool.cli.holder import Document, Holder
    from nodetool.cli.printing import Write

Id = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.")]
Ids = Annotated[list[str], typer.Argument(metavar="JOB", help="Ids of jobs.")]
Days = Annotated[float | None, typer.Option(min=0, help="Keep so many days; 0: for ever [30].")]
Jobs = Annotated[int | None, typer.Option(min=0, help="Keep so many of the newest; 0: all [100000].")]

PAGE = 1000
"""Jobs that a list gives at a time."""

LEFT = "the job goes on"
"""What is said when somebody stops to follow one."""


def register(cli: typer.Typer) -> None:
    """Add the commands to a command line."""
    jobs = typer.Typer(no_args_is_help=True, help="Look at jobs, cancel, retry and delete them.", rich_markup_mode=None)
    jobs.command("list")(list_jobs)
    jobs.command("show")(show_job)
    jobs.command("logs")(log_job)
    jobs.command("profile")(profile_job)
    jobs.command("cancel")(cancel_jobs)
    jobs.command("retry")(retry_job)
    jobs.command("prune")(prune_jobs)
    cli.add_typer(jobs, name="jobs")


def list_jobs(
    *,
    status: Annotated[Status | None, typer.Option(help="Only jobs that stand like this.")] = None,
    workflow: Annotated[str | None, typer.Option(metavar="ID", help="Only jobs of this workflow.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 20,
    json: AsJson = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """List jobs, newest first."""
    from nodetool.cli import printing, show, show_jobs
    from nodetool.cli.holder import Where, ask

    found, runs = ask(Where.given(home, url, prefix, token), lambda holder: newest(holder, workflow, status, limit))
    if json:
        print(show.as_json(found))
    else:
        now = datetime.now(UTC)
        rows = [show_jobs.row(job, now, runs=runs) for job in found["jobs"]]
        printing.print_table(show_jobs.HEAD, rows, show_jobs.COLOURS)


async def newest(holder: "Holder", workflow: str | None, status: Status | None, limit: int) -> "tuple[Document, bool]":
    """Return the newest jobs as the API lists them, on one page; and whether jobs run there."""
    from nodetool.cli import show_jobs

    found: list[Any] = []
    cursor = ""
    while True:
        size = min(limit - len(found), PAGE)
        answer = await holder.jobs(workflow_id=workflow, status=status, limit=size, cursor=cursor)
        page = show_jobs.fitted(answer, show_jobs.Page, "no list of jobs")
        found += page.jobs
        cursor = page.next
        if not cursor or len(found) >= limit:
            return {"next": cursor, "jobs": found}, holder.runs


def show_job(
    id: Id,
    *,
    json: AsJson = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Show a job: where it stands and why, when it ran, what went in and what came out."""
    from nodetool.cli import show, show_jobs
    from nodetool.cli.holder import Where, ask

    found, end, runs = ask(Where.given(home, url, prefix, token), lambda holder: job_and_end(holder, id))
    if json:
        print(show.as_json(found))
    else:
        print("\n".join(show_jobs.job(found, end, datetime.now(UTC), runs=runs)))


async def job_and_end(holder: "Holder", id: str) -> "tuple[Document, JobUpdate | None, bool]":
    """Return a job, and its last event if it failed, which tells the node at fault; and whether jobs run there."""
    from nodetool.cli import show_jobs

    found = await holder.job(id)
    job = show_jobs.shown(found)
    end = await end_of(holder, id, job.last_seq - 1) if job.status == "failed" else None
    return found, end, holder.runs


async def end_of(holder: "Holder", id: str, after: int) -> JobUpdate | None:
    """Return the last event of a job, when it is there; *after* says where to begin to look."""
    async with aclosing(holder.events(id, after)) as events:
        async for event in events:
            if isinstance(event, JobUpdate) and event.status in ENDED:
                return event
    return None


def log_job(
    id: Id,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes, to the end of the job.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Print the events of a job."""
    from nodetool.cli import printing
    from nodetool.cli.holder import Where, ask

    write = printing.event_writer() if json else printing.event_printer()
    where = Where.given(home, url, prefix, token)
    ask(where, lambda holder: read_log(holder, id, write, follow=follow), when_left=LEFT if follow else None)


async def read_log(holder: "Holder", id: str, write: "Write", *, follow: bool) -> None:
    """Hand the events that there are to *write*, and if they are followed those that come.

    Raises:
        NothingRuns: there is nothing to follow.
    """
    from nodetool.cli import show_jobs
    from nodetool.cli.holder import NothingRuns

    job = show_jobs.shown(await holder.job(id))
    async with aclosing(holder.events(id)) as events:
        async for event in events:
            write(event)
            if event.seq >= job.last_seq and not follow:
                return
    if not holder.runs and job.status not in ENDED:
        raise NothingRuns


def profile_job(
    id: Id,
    *,
    json: AsJson = False,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Show where the time of a job went, by node: those that worked longest first."""
    from nodetool.cli import show, show_jobs, show_profile
    from nodetool.cli.holder import Where, ask
    from nodetool.protocol.answers import JobProfile

    found = ask(Where.given(home, url, prefix, token), lambda holder: holder.profile(id))
    if json:
        print(show.as_json(found))
    else:
        print("\n".join(show_profile.profile(show_jobs.fitted(found, JobProfile, "no profile"))))


def cancel_jobs(
    ids: Ids,
    *,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Cancel jobs. One that has ended stays as it is."""
    from nodetool.cli.holder import Where, ask

    failed = ask(Where.given(home, url, prefix, token), lambda holder: cancel_each(holder, ids))
    raise typer.Exit(Exit.FAILED if failed else Exit.OK)


async def cancel_each(holder: "Holder", ids: list[str]) -> int:
    """Cancel one after the other, and say what came of it; return how many could not be."""
    from nodetool.cli import show_jobs

    failed = 0
    for id in ids:
        try:
            job = show_jobs.shown(await holder.cancel(id))
        except NodetoolError as error:
            exits.say(exits.sentence(error))
            failed += 1
        else:
            print(f"{id}: {cancelled(job.status)}", flush=True)
    return failed


def cancelled(status: str) -> str:
    """Return what came of a cancel, from how the job stood behind it."""
    match status:
        case "cancelled":
            return "cancelled"
        case "queued" | "running":
            return "is being stopped"
    return f"had {status} before"


def retry_job(
    id: Id,
    *,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end; the exit code tells how it ended.")] = False,
    nodes: NodeFiles = None,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Run again what a job has run, as a new job, and print its id."""
    from nodetool.cli import show_jobs
    from nodetool.cli.holder import Where, ask

    where = Where.given(home, url, prefix, token, nodes=nodes)
    end = ask(where, lambda holder: try_again(holder, id, wait=wait), when_left=LEFT if wait else None)
    if end and end.status != "completed":
        exits.say(show_jobs.blame(end))
        raise typer.Exit(Exit.CANCELLED if end.status == "cancelled" else Exit.FAILED)


async def try_again(holder: "Holder", id: str, *, wait: bool) -> JobUpdate | None:
    """Accept the new job and tell its id; return its end, if that is waited for. Raises NothingRuns."""
    from nodetool.cli.holder import NothingRuns

    if wait and not holder.runs:
        raise NothingRuns("no server has this home, so nothing runs that could be waited for")
    new = await holder.retry(id)
    print(new, flush=True)
    if not holder.runs:
        exits.say("no server has this home: the job runs at the next start")
    return await end_of(holder, new, 0) if wait else None


def prune_jobs(
    *,
    days: Days = None,
    jobs: Jobs = None,
    home: Home = None,
    url: Url = None,
    prefix: Prefix = "/api",
    token: Token = None,
) -> None:
    """Delete jobs that ended long ago, as a server does by itself every hour."""
    from nodetool.cli import show
    from nodetool.cli.holder import Where, ask

    where = Where.given(home, url, prefix, token, retention_days=days, retention_jobs=jobs)
    print(f"{show.count(ask(where, lambda holder: holder.prune()), 'job')} deleted")
