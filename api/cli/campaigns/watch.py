"""Following a campaign until it waits for somebody: a bar on a terminal, a line for each change elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.campaigns.lines import campaign_line
from api.cli.output.printing import note
from api.client import Client

ROUND_S = 1.0
PATIENCE = 10  # a very large campaign takes a while to count: a tenth of the time at most
GOING_ON = frozenset({"canary", "running"})
Show = Callable[[dict[str, Any]], None]


def follow(client: Client, id_or_name: str, *, silent: bool = False, round_s: float = ROUND_S) -> dict[str, Any]:
    """The campaign, as soon as nothing goes on by itself any more."""
    with _display(silent=silent) as show:
        while True:
            began = time.monotonic()
            campaign = client.campaign(id_or_name)
            show(campaign)
            if campaign["status"] not in GOING_ON and campaign["step"] is None:
                return campaign
            time.sleep(max(round_s, PATIENCE * (time.monotonic() - began)))


@contextmanager
def _display(*, silent: bool) -> Iterator[Show]:
    console = Console(stderr=True)
    if silent:
        yield lambda _campaign: None
    elif not console.is_terminal:
        yield _Lines().show
    else:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            yield _Bar(progress).show


class _Lines:
    """A line whenever there is something new to say."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, campaign: dict[str, Any]) -> None:
        line = campaign_line({**campaign, "progress": {**campaign["progress"], "eta_s": None}})
        if line != self._last:
            note(line)
        self._last = line


class _Bar:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def show(self, campaign: dict[str, Any]) -> None:
        done = campaign["progress"]
        self._progress.update(
            self._task, description=campaign_line(campaign), completed=done["ended"], total=done["total"] or None
        )
