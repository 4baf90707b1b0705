import os
import subprocess
import sys
from pathlib import Path

import psutil

from api.cli.stack import parent_death
from tests.fixtures.waiting import wait_for

FOREVER = [sys.executable, "-c", "import time; time.sleep(1000)"]
STAYS = "import sys; from api.cli.stack.parent_death import stay; sys.exit(stay(int(sys.argv[1]), sys.argv[2:]))"


def test_a_tethered_command_has_the_pid_that_was_started_and_ends_with_its_own_status() -> None:
    command = [sys.executable, "-I", "-S", parent_death.__file__, str(os.getpid())]
    code = "import os, sys; print(os.getpid()); sys.exit(7)"
    with subprocess.Popen([*command, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        output, _ = process.communicate(timeout=30)
    assert (int(output), process.returncode) == (process.pid, 7)


def test_a_command_whose_parent_died_before_it_began_is_not_run(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", parent_death.__file__, "1", "/usr/bin/touch", str(tmp_path / "ran")]
    assert subprocess.run(command, check=False).returncode == 1
    assert not (tmp_path / "ran").exists()


def test_where_the_kernel_does_not_help_the_command_s_status_is_passed_on() -> None:
    assert parent_death.stay(os.getppid(), [sys.executable, "-c", "import sys; sys.exit(3)"]) == 3


def test_where_the_kernel_does_not_help_the_command_is_killed_when_the_parent_is_another() -> None:
    with subprocess.Popen([sys.executable, "-c", STAYS, "1", *FOREVER]) as process:
        assert process.wait(30) != 0


def test_where_the_kernel_does_not_help_a_request_to_end_is_passed_on() -> None:
    with subprocess.Popen([sys.executable, "-c", STAYS, str(os.getpid()), *FOREVER]) as process:
        wait_for(lambda: psutil.Process(process.pid).children())
        child = psutil.Process(process.pid).children()[0]
        process.terminate()
        process.wait(30)
        assert not child.is_running()
