"""What a person sees while something runs: bars on a terminal, plain lines elsewhere, nothing where a machine reads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich import progress as rich
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from api.cli.output.printing import PlainConsole, note
from api.client.jobs import waiting_message
from worker.plain_text import shown_line
from worker.shapes.jobs import Job
from worker.states import JobState

Counted = Callable[[int], None]
MOST_BARS = 12  # one a running job; the rest are in the line of totals
NAME_WIDTH = 40


class Display:
    """Where progress goes: a line for whatever ended, and for each new reason to wait."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.note = say
        self._reasons: set[str] = set()

    def show(self, name: str, job: Job) -> None:
        reason = waiting_message(job)
        if reason and reason not in self._reasons:
            self._reasons.add(reason)
            self.note(f"{name} waits: {reason}")

    def ended(self, name: str, job_id: str, line: str) -> None:  # noqa: ARG002  # a bar needs to know which
        self.note(f"{name}: {line}")


class Bars(Display):
    """A bar for each running job, in milliseconds of audio, over one for the whole."""

    def __init__(self, progress: Progress, total: int) -> None:
        show = partial(progress.console.print, markup=False, highlight=False, soft_wrap=True)
        super().__init__(lambda line: show(shown_line(line)))
        self._progress = progress
        self._bars: dict[str, rich.TaskID] = {}
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
        if job_id in self._bars:
            self._progress.remove_task(self._bars.pop(job_id))
        self._progress.advance(self._whole)
        super().ended(name, job_id, line)


@contextmanager
def open_display(total: int, *, silent: bool = False) -> Iterator[Display]:
    """The display of jobs that fits where stderr goes."""
    # What is printed meanwhile goes above the bars, but never from a file or a pipe to the terminal.
    reason = TextColumn("{task.fields[note]}", markup=False)
    columns = (TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(), reason)
    with bars(*columns, silent=silent, redirect_stdout=sys.stdout.isatty()) as progress:
        if progress.disable:
            yield Display((lambda _: None) if silent else note)
        else:
            yield Bars(progress, total)


@contextmanager
def counting(what: str, total: int | None, *, silent: bool = False, of_bytes: bool = False) -> Iterator[Counted]:
    """A bar for many like things or bytes, where a person sees it; to be told how many are done."""
    column = rich.DownloadColumn() if of_bytes else rich.MofNCompleteColumn()
    with bars(column, TimeElapsedColumn(), silent=silent) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)


def bars(*columns: rich.ProgressColumn, silent: bool = False, **more: Any) -> Progress:  # noqa: ANN401  # as Rich has them
    """Bars with these columns behind, on stderr, gone at their end; none where nobody sees them."""
    console = PlainConsole(stderr=True)
    shown = (TextColumn("{task.description}", markup=False), rich.BarColumn(), *columns)
    return Progress(*shown, console=console, transient=True, disable=silent or not console.is_terminal, **more)


def done_line(job: Job) -> str:
    """A finished job in a few words: how much audio, and what was paid for."""
    parts = [f"{(job.progress.audio_ms_total or 0) / 1000:.1f} s of audio", f"{job.sent_ms / 1000:.1f} s sent"]
    parts += [f"{job.reused_ms / 1000:.1f} s reused"] if job.reused_ms else []
    parts += [f"{job.gaps} gaps"] if job.gaps else []
    return ", ".join(parts)


def _short(name: str) -> str:
    shown = shown_line(name)
    return shown if len(shown) <= NAME_WIDTH else f"…{shown[1 - NAME_WIDTH :]}"
