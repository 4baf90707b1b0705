"""What a person sees of an import: how far it is, what it came to, and what it would take."""

from collections.abc import Iterator

from api.cli.output.formats import hours, money, size
from api.cli.output.printing import Output
from api.cli.output.progress import counting
from api.cli.polling import follow
from api.client import Client
from worker.shapes.archives import Import, ImportEstimate, ImportProblem
from worker.states import ImportState

SHOWN_PROBLEMS = 20
OPEN = {ImportState.QUEUED, ImportState.RUNNING}
FAILED = {ImportState.FAILED, ImportState.CANCELLED}


def show_import(client: Client, begun: Import, out: Output, *, wait: bool, quiet: bool = False) -> bool:
    """An import, at its end where that is waited for; whether something failed. ``quiet``: only what is new."""
    seen = _followed(client, begun, silent=out.as_json or quiet) if wait else begun
    failed = bool(seen.refused) or seen.status in FAILED
    if seen.added or failed or not quiet:
        out.item(seen, import_line(seen))
    if wait and failed and not out.as_json:
        _note_problems(client, seen, out)
    return failed


def _followed(client: Client, begun: Import, *, silent: bool) -> Import:
    with counting("rows", begun.total, silent=silent) as count:

        def is_over(seen: Import) -> bool:
            count(seen.rows)
            return seen.status not in OPEN

        return follow(lambda: client.an_import(begun.id), is_over)


def import_line(seen: Import) -> str:
    counts = f"{seen.added:,} added, {seen.existing:,} existing, {seen.refused:,} refused"
    why = f"  ({seen.error.message})" if seen.error else ""
    return f"{seen.id}  {seen.status:<9}  {counts}{why}"


def _note_problems(client: Client, seen: Import, out: Output) -> None:
    """The first of the rows that could not be used, and where the others are."""
    for number, problem in enumerate(client.import_problems(seen.id)):
        if number >= SHOWN_PROBLEMS:
            out.note(f"… and more: `longhand archive problems {seen.id}` lists all {seen.refused:,}.")
            return
        out.note(problem_line(problem))


def problem_line(problem: ImportProblem) -> str:
    named = f" {problem.name}" if problem.name else ""
    return f"{problem.line}{named}: {problem.error.code}: {problem.error.message}"


def estimate_lines(seen: ImportEstimate) -> Iterator[str]:
    """What would be taken, and what its jobs would cost."""
    many = "" if seen.complete else "at least "
    yield f"{many}{seen.recordings:,} recordings, {size(seen.bytes or 0)}; {seen.refused:,} would be refused"
    if seen.audio_ms is not None:
        rest = seen.recordings - seen.measured
        of = f", {rest:,} of the recordings reckoned after the {seen.measured:,} whose length can be read"
        yield f"{many}{hours(seen.audio_ms)} of audio{of if rest else ''}"
    if seen.to_send_ms is not None:
        takes = "" if seen.time_s is None else f", {seen.time_s / 3600:.2f} h of work"
        cost = money(seen.cost_usd, "price unknown")
        yield f"{many}{hours(seen.to_send_ms)} to send ({seen.ratio_from}), {cost}{takes}"
    if seen.unknown:
        yield seen.unknown
