"""What a person sees while something runs: bars on a terminal, plain lines elsewhere, nothing where a machine reads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from api.cli.output.printing import note, printable
from api.client.jobs import waiting_message
from worker.shapes.jobs import Job
from worker.states import JobState

MOST_BARS = 12  # one a running job; the rest are in the line of totals
NAME_WIDTH = 40


class Display:
    """Where progress goes; here nowhere, for machines."""

    def show(self, name: str, job: Job) -> None: ...

    def ended(self, name: str, job_id: str, line: str) -> None: ...

    def note(self, line: str) -> None: ...


class Lines(Display):
    """A line on stderr for whatever ended, and for each new reason to wait."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._reasons: set[str] = set()

    def show(self, name: str, job: Job) -> None:
        reason = waiting_message(job)
        if reason and reason not in self._reasons:
            self._reasons.add(reason)
            self._say(f"{name} waits: {reason}")

    def ended(self, name: str, job_id: str, line: str) -> None:  # noqa: ARG002  # a bar needs to know which
        self._say(f"{name}: {line}")

    def note(self, line: str) -> None:
        self._say(line)


class Bars(Display):
    """A bar for each running job, in milliseconds of audio, over one for the whole."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._whole = progress.add_task("all", total=total, note="")

    def show(self, name: str, job: Job) -> None:
        if job.id not in self._bars:
            if job.status != JobState.RUNNING or len(self._bars) >= MOST_BARS:
                return
            self._bars[job.id] = self._progress.add_task(_short(name), total=None, note="")
        done = job.progress
        self._progress.update(
            self._bars[job.id], completed=done.audio_ms_done, total=done.audio_ms_total, note=waiting_message(job)
        )

    def ended(self, name: str, job_id: str, line: str) -> None:
        bar = self._bars.pop(job_id, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._progress.advance(self._whole)
        self.note(f"{name}: {line}")

    def note(self, line: str) -> None:
        self._progress.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def open_display(total: int, *, silent: bool = False) -> Iterator[Display]:
    """The display of jobs that fits where stderr goes."""
    # What is printed meanwhile goes above the bars, but never from a file or a pipe to the terminal.
    progress = bars(
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        silent=silent,
        redirect_stdout=sys.stdout.isatty(),
    )
    if silent:
        yield Display()
    elif progress.disable:
        yield Lines(note)
    else:
        with progress:
            yield Bars(progress, total)


@contextmanager
def counting(
    what: str, total: int | None, *, silent: bool = False, of_bytes: bool = False
) -> Iterator[Callable[[int], None]]:
    """A bar for many like things or bytes, where a person sees it; to be told how many are done."""
    column = DownloadColumn() if of_bytes else MofNCompleteColumn()
    with bars(column, TimeElapsedColumn(), silent=silent) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def bars(*columns: ProgressColumn, silent: bool = False, **more: Any) -> Progress:  # noqa: ANN401  # as Rich has them
    """Bars with these columns behind, on stderr, gone at their end; none where nobody sees them."""
    console = Console(stderr=True)
    shown = (TextColumn("{task.description}", markup=False), BarColumn(), *columns)
    return Progress(*shown, console=console, transient=True, disable=silent or not console.is_terminal, **more)


def done_line(job: Job) -> str:
    """A finished job in a few words: how much audio, and what was paid for."""
    parts = [f"{(job.progress.audio_ms_total or 0) / 1000:.1f} s of audio", f"{job.sent_ms / 1000:.1f} s sent"]
    parts += [f"{job.reused_ms / 1000:.1f} s reused"] if job.reused_ms else []
    parts += [f"{job.gaps} gaps"] if job.gaps else []
    return ", ".join(parts)


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= NAME_WIDTH else f"…{shown[1 - NAME_WIDTH :]}"
