"""The `longhand` command: the one place where an error becomes a line on stderr and an exit code."""

import os
import sys
from collections.abc import Sequence

import typer

from api.cli.commands import app
from api.cli.exits import CommandError, Exit
from api.cli.output.printing import note
from api.client.transport import ApiMisread, ApiProblem, ApiUnreachable
from realtime.protocol.errors import CodedError
from worker.errors import ConfigurationError
from worker.hints import message_of

INTERRUPTED = 130  # as shells count Ctrl-C
EXPECTED = (typer.TyperException, CommandError, ApiMisread, ApiUnreachable, ApiProblem, CodedError, OSError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. Only a defect of ours shows a traceback."""
    try:
        code = int(app(args=arguments, prog_name="longhand", standalone_mode=False) or Exit.OK)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; the interpreter would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except EXPECTED as error:
        return _say(*_explained(error))
    if code == INTERRUPTED:  # Typer has caught it by then
        return _say("Stopped. What was answered is kept: the same command goes on from there.", code)
    return code


def _say(line: str, code: int) -> int:
    if line:
        note(f"longhand: {line}")
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """One line with what to do, and the exit code."""
    match error:
        case typer.TyperException():
            message = " ".join(error.format_message().split())  # empty where the help was shown instead
            return message and f"{message} `longhand --help` shows what there is.", error.exit_code
        case CommandError():
            return str(error), error.exit
        case ApiUnreachable():
            return f"{error}: look whether the server still runs.", Exit.UNREACHABLE
        case CodedError():
            return message_of(error), Exit.USAGE if isinstance(error, ConfigurationError) else Exit.SOME_FAILED
        case OSError(strerror=str() as reason, filename=str() as name):
            return f"{name}: {reason}", Exit.SOME_FAILED
        case _:
            return str(error), Exit.SOME_FAILED
