"""How a command ends: its exit codes, and the errors that carry them to the process's edge."""

import signal
from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The status that a shell sees."""

    OK = 0
    SOME_FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4


class CommandError(Exception):
    """Ends the command with one line on stderr that says what to do."""

    exit: ClassVar[Exit] = Exit.SOME_FAILED


class UsageProblem(CommandError):
    """The command line or a setting is wrong."""

    exit = Exit.USAGE


class ServiceRefuses(CommandError):
    """The recognition service refuses everything until an operator acts."""

    exit = Exit.REFUSED


class ServerUnreachable(CommandError):
    """No Longhand server answers."""

    exit = Exit.UNREACHABLE


def heed_interrupts() -> None:
    """Ctrl-C ends this command, also where a script that started it in the background has it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def child_problem(status: int | None, why: str) -> CommandError:
    """What to end with where a command of ours has ended as a child: a wrong setting is one here too."""
    return UsageProblem(why) if status == Exit.USAGE else CommandError(why)
