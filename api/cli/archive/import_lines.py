"""What a person sees of an import: how far it is, what it came to, and what it would take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.output.printing import note, put
from api.client import Client
from worker.states import ImportState

ROUND_S = 0.3
SHOWN_PROBLEMS = 20
OPEN = {ImportState.QUEUED, ImportState.RUNNING}
Fields = dict[str, Any]


def follow(client: Client, begun: Fields, *, silent: bool) -> Fields:
    """Wait for the import's end; the import as it is then."""
    seen = begun
    with _bar(begun["total"], silent=silent) as bar:
        while seen["status"] in OPEN:
            time.sleep(ROUND_S)
            seen = client.an_import(begun["id"])
            bar(seen["rows"])
    return seen


@contextmanager
def _bar(total: int | None, *, silent: bool) -> Iterator[Any]:
    console = Console(stderr=True)
    columns = (TextColumn("rows", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal) as progress:
        task = progress.add_task("rows", total=total)
        yield lambda rows: progress.update(task, completed=rows)


def import_line(seen: Fields) -> str:
    """One import in one line."""
    counts = f"{seen['added']:,} added, {seen['existing']:,} existing, {seen['refused']:,} refused"
    why = f"  ({seen['error']['message']})" if seen["error"] else ""
    return f"{seen['id']}  {seen['status']:<9}  {counts}{why}"


def note_problems(client: Client, seen: Fields) -> None:
    """The first of the rows that could not be used, and where the others are."""
    for number, problem in enumerate(client.import_problems(seen["id"])):
        if number >= SHOWN_PROBLEMS:
            note(f"… and more: `longhand archive problems {seen['id']}` lists all {seen['refused']:,}.")
            return
        note(problem_line(problem))


def problem_line(problem: Fields) -> str:
    """A row that could not be used, in one line."""
    named = f" {problem['name']}" if problem["name"] else ""
    return f"{problem['line']}{named}: {problem['error']['code']}: {problem['error']['message']}"


def show_expected(seen: Fields) -> None:
    """What would be taken, and what its jobs would cost."""
    many = "" if seen["complete"] else "at least "
    put(f"{many}{seen['recordings']:,} recordings, {_size(seen['bytes'])}; {seen['refused']:,} would be refused")
    if seen["audio_ms"] is not None:
        rest = seen["recordings"] - seen["measured"]
        of = (
            f", {rest:,} of the recordings reckoned after the {seen['measured']:,} whose length can be read"
            if rest
            else ""
        )
        put(f"{many}{_hours(seen['audio_ms'])} of audio{of}")
    if seen["to_send_ms"] is not None:
        cost = "price unknown" if seen["cost_usd"] is None else f"{seen['cost_usd']:.2f} USD"
        takes = "" if seen["time_s"] is None else f", {seen['time_s'] / 3600:.2f} h of work"
        put(f"{many}{_hours(seen['to_send_ms'])} to send ({seen['ratio_from']}), {cost}{takes}")
    if seen["unknown"]:
        put(seen["unknown"])
    note("Nothing was taken.")


def _hours(length_ms: int) -> str:
    return f"{length_ms / 3_600_000:.2f} h"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.2f} MB"
