import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.cli.exits import CommandError, UsageProblem
from api.cli.stack.supervisor import Child, Part, Supervisor
from tests.fixtures.waiting import wait_for

FOREVER = "import time; time.sleep(1000)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w'); time.sleep(1000)"
KEEPS_TWO = """
import sys
from pathlib import Path
from api.cli.stack.supervisor import Part, Supervisor
supervisor = Supervisor(Path(sys.argv[1]), print)
for name in ("one", "two"):
    child = supervisor.start(Part(name=name, command=[sys.executable, "-c", sys.argv[2]], environment={}))
    print(child.process.pid, flush=True)
supervisor.watch(lambda: False)
"""


def part(name: str, code: str, *, grace_s: float = 10.0, **changes: object) -> Part:
    command = [sys.executable, "-c", code]
    return Part(name=name, command=command, environment={}, grace_s=grace_s, **changes)  # type: ignore[arg-type]  # as Part has them


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    monkeypatch.chdir(tmp_path)
    made = Supervisor(tmp_path / "logs", told.append, first_pause_s=0.05)
    yield made
    made.end()


def pid(child: Child) -> int:
    assert child.process is not None
    return child.process.pid


def test_a_killed_child_is_started_again_and_somebody_is_told(supervisor: Supervisor, told: list[str]) -> None:
    child = supervisor.start(part("worker", FOREVER))
    first = pid(child)
    os.kill(first, signal.SIGKILL)
    supervisor.watch(lambda: child.process is not None and child.process.pid != first)
    assert told == ["worker ended (killed by signal 9); started again in 0.05 s."]


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(supervisor: Supervisor) -> None:
    child = supervisor.start(part("worker", ""))
    pauses: list[float] = []
    while len(pauses) < 3:
        supervisor.watch(lambda: child.process is None)
        pauses.append(child.pause_s())
        supervisor.watch(lambda: child.process is not None)
    assert pauses == [0.05, 0.1, 0.2]


def test_a_child_that_never_becomes_ready_ends_it_with_its_own_last_words(supervisor: Supervisor) -> None:
    child = supervisor.start(part("api", "print('no such database')", ready=lambda: False))
    with pytest.raises(CommandError, match=r"api does not start: no such database .*api\.log"):
        supervisor.wait_ready(child, 60)


def test_a_child_whose_settings_are_wrong_is_not_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start(
        part("recognizer", "import sys; print('no URL', flush=True); sys.exit(2)", ready=lambda: False)
    )
    with pytest.raises(UsageProblem, match="recognizer does not start: no URL"):
        supervisor.wait_ready(child, 60)
    assert child.deaths == 1


def test_waiting_for_a_child_ends_when_a_stop_is_asked_for(supervisor: Supervisor) -> None:
    supervisor.wait_ready(supervisor.start(part("api", FOREVER, ready=lambda: False)), 60, stopped=lambda: True)


def test_errors_in_a_child_s_log_are_shown(supervisor: Supervisor, told: list[str]) -> None:
    line = '{"event": "the queue does not answer", "level": "error"}'
    supervisor.start(part("worker", f"print({line!r}, flush=True); {FOREVER}"))
    supervisor.watch(lambda: bool(told))
    assert told == ["worker: the queue does not answer"]


def test_children_end_in_the_opposite_order_and_equal_ones_together(supervisor: Supervisor, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, time\n"
        "def end(*_):\n"
        "    os.write(os.open('ended', os.O_CREAT | os.O_APPEND | os.O_WRONLY), b'NAME '); sys.exit()\n"
        "signal.signal(signal.SIGTERM, end); open('NAME', 'w'); time.sleep(1000)"
    )
    for name in ("redis", "worker-1", "worker-2", "api"):
        supervisor.start(part(name, code.replace("NAME", name)))
        wait_for((tmp_path / name).exists)
    supervisor.end()
    ended = (tmp_path / "ended").read_text().split()
    assert (ended[0], sorted(ended[1:3]), ended[3]) == ("api", ["worker-1", "worker-2"], "redis")


def test_a_child_that_does_not_end_in_its_grace_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.start(part("worker", STUBBORN, grace_s=0.1)).process
    wait_for((tmp_path / "ready").exists)
    supervisor.end()
    assert process is not None
    assert process.returncode == -signal.SIGKILL


def test_a_second_request_to_stop_does_not_wait_for_the_grace(supervisor: Supervisor, tmp_path: Path) -> None:
    process = supervisor.start(part("worker", STUBBORN, grace_s=1000)).process
    wait_for((tmp_path / "ready").exists)
    supervisor.end(hurry=lambda: True)
    assert process is not None
    assert process.returncode == -signal.SIGKILL


def test_no_child_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KEEPS_TWO, str(tmp_path), FOREVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        children = [psutil.Process(int(killed.stdout.readline())) for _ in range(2)]
        killed.kill()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
