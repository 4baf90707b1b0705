"""`python -m tests.attack`: runs the rows, prints the table and what was found; 1 where anything was."""

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attack import network
from tests.attack.assault import Assault, Tally
from tests.attack.rows import ROWS

ROW_S = 150  # whatever it is at, a row ends then
HEAD = ("part", "inputs", "crashes", "hangs", "reached", "other findings", "seconds")


def main() -> int:
    options = _options()
    logging.disable()  # what is logged on the way is looked at by the rows themselves
    networked = network.enter()
    where = "a network of its own" if networked else "this machine's network, for want of one of its own"
    sys.stdout.write(f"seed {options.seed}, at least {options.least} inputs a row, in {where}\n\n")
    tallies = {}
    for name in options.rows or ROWS:
        tallies[name] = _run(name, options, networked=networked)
        sys.stdout.write(_line(name, tallies[name]) + "\n")
        for shown in (*tallies[name].notes, *tallies[name].examples):
            sys.stdout.write(f"    {shown}\n")
        sys.stdout.flush()
    sys.stdout.write("\n" + "\n".join(_table(tallies)) + "\n")
    return 0 if all(tally.clean for tally in tallies.values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="Those to run; left out: all.")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--least", type=int, default=200, help="Inputs that each row has whatever the time.")
    parser.add_argument("--seconds", type=float, default=20.0, help="For which a row goes on beyond them.")
    return parser.parse_args()


def _run(name: str, options: argparse.Namespace, *, networked: bool) -> Tally:
    folder = Path(tempfile.mkdtemp(prefix="longhand-attack-"))
    row = Assault(name, folder, seed=options.seed, least=options.least, seconds=options.seconds, networked=networked)
    begun = time.monotonic()
    try:
        with _at_most(ROW_S):
            ROWS[name](row)
    except TimeoutError as error:
        row.hung(f"the row itself: {error}")
    except Exception as error:  # noqa: BLE001  # the process's edge: the other rows go on
        row.failed(error)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    row.tally.took_s = time.monotonic() - begun
    return row.tally


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def end(*_: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _cells(name: str, tally: Tally) -> list[str]:
    reached = "–" if tally.reached is None else str(tally.reached)
    others = ", ".join(f"{count} × {kind}" for kind, count in tally.others.items()) or "0"
    return [name, f"{tally.inputs:,}", str(tally.crashes), str(tally.hangs), reached, others, f"{tally.took_s:.0f}"]


def _line(name: str, tally: Tally) -> str:
    return "  ".join(_cells(name, tally))


def _table(tallies: dict[str, Tally]) -> list[str]:
    """As docs/security.md has it."""
    rows = [HEAD, ["---"] * len(HEAD), *(_cells(name, tally) for name, tally in tallies.items())]
    return [f"| {' | '.join(row)} |" for row in rows]


if __name__ == "__main__":
    os.environ.pop("LONGHAND_HOME", None)
    sys.exit(main())
