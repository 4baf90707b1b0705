"""Run a command that cannot outlive its parent: ``python parent_death.py PARENT_PID COMMAND…``.

Run by its path, before anything of ours is imported: it stands between a supervisor and each of its children, so it
must be small and quick. On Linux it asks the kernel to kill it when its parent dies, and becomes the command. Elsewhere
it stays, and looks.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOOK_EACH_S = 0.5


def become(parent: int, command: list[str]) -> None:
    """Replace this process by ``command``, which the kernel kills with its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606  # a command of our own, without a shell


def stay(parent: int, command: list[str]) -> int:
    """Run ``command`` until it ends or the parent has died; returns its status."""
    child = subprocess.Popen(command)  # noqa: S603  # a command of our own, without a shell
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    while os.getppid() == parent:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(LOOK_EACH_S)
    child.kill()
    return child.wait()


if __name__ == "__main__":
    if sys.platform == "linux":
        become(int(sys.argv[1]), sys.argv[2:])
    sys.exit(stay(int(sys.argv[1]), sys.argv[2:]))
