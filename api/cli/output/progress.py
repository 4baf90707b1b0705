"""What a person sees while jobs run: bars on a terminal, plain lines elsewhere, nothing where a machine reads."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from api.cli.output.printing import note, printable
from api.client import RemoteJob

MOST_BARS = 12  # one a running job; the rest are in the line of totals
NAME_WIDTH = 40


class Display(Protocol):
    """Where progress goes."""

    def update(self, name: str, job: RemoteJob) -> None: ...

    def ended(self, name: str, job_id: str, line: str) -> None: ...

    def note(self, line: str) -> None: ...


class Lines:
    """A line on stderr for whatever ended, and for each new reason to wait."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._reasons: set[str] = set()

    def update(self, name: str, job: RemoteJob) -> None:
        reason = job.waiting.get("message")
        if reason and reason not in self._reasons:
            self._reasons.add(reason)
            self._say(f"{name} waits: {reason}")

    def ended(self, name: str, job_id: str, line: str) -> None:  # noqa: ARG002  # a bar needs to know which
        self._say(f"{name}: {line}")

    def note(self, line: str) -> None:
        self._say(line)


class Bars:
    """A bar for each running job, in milliseconds of audio, over one for the whole."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}
        self._whole = progress.add_task("all", total=total, note="")

    def update(self, name: str, job: RemoteJob) -> None:
        if job.id not in self._bars:
            if job.status != "running" or len(self._bars) >= MOST_BARS:
                return
            self._bars[job.id] = self._progress.add_task(_short(name), total=None, note="")
        done = job.fields["progress"]
        self._progress.update(
            self._bars[job.id],
            completed=done["audio_ms_done"],
            total=done["audio_ms_total"],
            note=job.waiting.get("message", ""),
        )

    def ended(self, name: str, job_id: str, line: str) -> None:
        bar = self._bars.pop(job_id, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._progress.advance(self._whole)
        self.note(f"{name}: {line}")

    def note(self, line: str) -> None:
        self._progress.console.print(printable(line), markup=False, highlight=False, soft_wrap=True)


class Silent:
    """For machines."""

    def update(self, name: str, job: RemoteJob) -> None: ...

    def ended(self, name: str, job_id: str, line: str) -> None: ...

    def note(self, line: str) -> None: ...


@contextmanager
def open_display(total: int, *, silent: bool = False) -> Iterator[Display]:
    """The display that fits where stderr goes."""
    console = Console(stderr=True)
    if silent:
        yield Silent()
    elif not console.is_terminal:
        yield Lines(note)
    else:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", markup=False),
        )
        # What is printed meanwhile goes above the bars, but never from a file or a pipe to the terminal.
        above = sys.stdout.isatty()
        with Progress(*columns, console=console, transient=True, redirect_stdout=above) as progress:
            yield Bars(progress, total)


@contextmanager
def sending(total_bytes: int, *, silent: bool = False) -> Iterator[Callable[[int], None]]:
    """A bar for one long request, where a person sees it; to be told how many bytes are sent so far."""
    console = Console(stderr=True)
    columns = (TextColumn("sent", markup=False), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal) as progress:
        bar = progress.add_task("sent", total=total_bytes)
        yield lambda sent: progress.update(bar, completed=sent)


@contextmanager
def counting(what: str, total: int | None, *, silent: bool = False) -> Iterator[Callable[[], None]]:
    """A bar for many like things, where a person sees it; to be called for each that is done."""
    console = Console(stderr=True)
    columns = (TextColumn(what, markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=silent or not console.is_terminal) as progress:
        bar = progress.add_task(what, total=total)
        yield lambda: progress.advance(bar)


def done_line(job: RemoteJob | None) -> str:
    """A finished job in a few words: how much audio, and what was paid for."""
    if job is None:
        return ""
    fields = job.fields
    audio_s = (fields["progress"]["audio_ms_total"] or 0) / 1000
    parts = [f"{audio_s:.1f} s of audio", f"{fields['sent_ms'] / 1000:.1f} s sent"]
    parts += [f"{fields['reused_ms'] / 1000:.1f} s reused"] if fields["reused_ms"] else []
    parts += [f"{fields['gaps']} gaps"] if fields["gaps"] else []
    return ", ".join(parts)


def _short(name: str) -> str:
    shown = printable(name)
    return shown if len(shown) <= NAME_WIDTH else f"…{shown[1 - NAME_WIDTH :]}"
