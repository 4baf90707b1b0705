"""Child processes that are started again when they die, and that die with this process whatever ends it.

One thread does it all: the kernel's death signal is tied to the thread that started a child.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from api.cli.exits import Exit, child_problem
from api.cli.stack import parent_death
from api.cli.stack.log_tail import LogTail

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
STEADY_S = 30.0  # a child that lived this long starts again without a memory of earlier deaths
LOOK_EACH_S = 0.1
EARLY_DEATHS = 3  # so many deaths before it was ever ready, and it is not going to be


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process of the stack: how to start it, when it is ready, how long it may take to end."""

    name: str
    command: list[str]
    environment: dict[str, str]
    ready: Callable[[], bool] = lambda: True
    grace_s: float = 10.0


@dataclass
class Child:
    """A part as it runs now."""

    part: Part
    log: LogTail
    first_pause_s: float = FIRST_PAUSE_S
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    deaths: int = 0
    start_at_s: float = 0.0
    ended: int | None = None  # the status that it ended with last

    def start(self) -> None:
        self.process = start_tied(self.part.command, self.part.environment, self.log)
        self.started_s = time.monotonic()

    def died(self) -> int | None:
        """Its status if it has ended since it was started; noted once."""
        status = self.process.poll() if self.process else None
        if status is None:
            return None
        lived_s = time.monotonic() - self.started_s
        self.deaths = 1 if lived_s > STEADY_S else self.deaths + 1
        self.process, self.ended = None, status
        self.start_at_s = time.monotonic() + self.pause_s()
        return status

    def pause_s(self) -> float:
        return min(LONGEST_PAUSE_S, self.first_pause_s * 2.0 ** (self.deaths - 1))


class Supervisor:
    """Runs parts in the order in which they are started, and ends them in the opposite one."""

    def __init__(self, log_dir: Path, tell: Callable[[str], None], *, first_pause_s: float = FIRST_PAUSE_S) -> None:
        self.children: list[Child] = []
        self._log_dir = log_dir
        self._tell = tell
        self._first_pause_s = first_pause_s

    def start(self, part: Part) -> Child:
        """Start a part and keep it running from now on."""
        child = Child(part, LogTail(self._log_dir / f"{part.name}.log"), self._first_pause_s)
        self.children.append(child)
        child.start()
        return child

    def wait_ready(self, child: Child, timeout_s: float, stopped: Callable[[], bool] = lambda: False) -> None:
        """Until the child is ready or a stop was asked for; raises CommandError where it will not.

        UsageProblem at once where it says that its settings are wrong: another start would not help.
        """
        deadline = time.monotonic() + timeout_s
        while not stopped():
            self.look()
            if child.process is not None and child.part.ready():
                child.deaths = 0
                return
            hopeless = child.ended == Exit.USAGE or child.deaths >= EARLY_DEATHS
            if hopeless or time.monotonic() > deadline:
                why = (child.log.last_line() or "it did not say why")[:300]
                problem = f"{child.part.name} does not start: {why} (all of it: {child.log.path})"
                raise child_problem(child.ended, problem)
            time.sleep(LOOK_EACH_S)

    def watch(self, stopped: Callable[[], bool]) -> None:
        """Keep everything running until a stop is asked for."""
        while not stopped():
            self.look()
            time.sleep(LOOK_EACH_S)

    def look(self) -> None:
        """One look at each child: what it says, whether it died, whether its time to start again has come."""
        for child in self.children:
            for line in child.log.alarms():
                self._tell(f"{child.part.name}: {line}")
            status = child.died()
            if status is not None:
                how = f"killed by signal {-status}" if status < 0 else f"status {status}"
                self._tell(f"{child.part.name} ended ({how}); started again in {child.pause_s():g} s.")
            elif child.process is None and time.monotonic() >= child.start_at_s:
                child.start()

    def end(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """End all, last started first; those of one kind together, since each may take its grace."""
        for _, kind in groupby(reversed(self.children), lambda child: child.part.name.rstrip("0123456789-")):
            together = list(kind)
            _end([child.process for child in together if child.process], together[0].part.grace_s, hurry)
        self.children = []


def start_tied(command: list[str], environment: dict[str, str], log: LogTail) -> subprocess.Popen[bytes]:
    """A process that dies with this one, and writes to the log.

    It has a session of its own: Ctrl-C in a terminal then reaches this process alone, which ends the other in order.
    """
    tied = [sys.executable, "-I", "-S", str(Path(parent_death.__file__)), str(os.getpid()), *command]
    with log.path.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  # a command of our own, without a shell
            tied, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _end(processes: list[subprocess.Popen[bytes]], grace_s: float, hurry: Callable[[], bool]) -> None:
    """Ask, wait for their grace, then kill."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace_s
    while any(process.poll() is None for process in processes) and time.monotonic() < deadline and not hurry():
        time.sleep(LOOK_EACH_S)
    for process in processes:
        process.kill()
        process.wait()
