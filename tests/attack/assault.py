"""What a row of the table is given: a seed, a folder, room and time; and what it counts."""

import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SHOWN = 5  # examples of each finding
HUNG_S = 20.0  # for one input, on a busy machine, unless the row knows better


@dataclass
class Tally:
    """A row's figures. ``reached`` is None where the row has no way to look."""

    inputs: int = 0
    crashes: int = 0
    hangs: int = 0
    reached: int | None = None
    others: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    took_s: float = 0.0

    @property
    def clean(self) -> bool:
        return not (self.crashes or self.hangs or self.reached or self.others)


class Assault:
    """One row's run. The same seed makes the same inputs in the same order; how many of them is a matter of time."""

    def __init__(self, name: str, folder: Path, *, seed: int, least: int, seconds: float, networked: bool) -> None:
        self.name = name
        self.folder = folder
        self.dice = Random(f"{seed} {name}")
        self.networked = networked
        self.tally = Tally()
        self._least = least
        self._seconds = seconds

    def inputs(self, most: int, *, least: int | None = None) -> Iterator[int]:
        """Numbers of inputs: the least there must be, and more up to ``most`` while there is time."""
        until = time.monotonic() + self._seconds
        least = self._least if least is None else least
        for number in range(max(most, least)):
            if number >= least and time.monotonic() > until:
                return
            self.tally.inputs += 1
            yield number

    def crashed(self, what: str) -> None:
        self.tally.crashes += 1
        self._show(f"crash: {what}")

    def hung(self, what: str) -> None:
        self.tally.hangs += 1
        self._show(f"hang: {what}")

    def reached(self, what: str) -> None:
        self.tally.reached = (self.tally.reached or 0) + 1
        self._show(f"reached: {what}")

    def found(self, kind: str, what: object = "") -> None:
        self.tally.others[kind] += 1
        if self.tally.others[kind] <= SHOWN:
            self._show(f"{kind}: {what}")

    def counts_what_is_reached(self) -> None:
        """What is reached is counted from here on."""
        self.tally.reached = self.tally.reached or 0

    @contextmanager
    def within(self, what: str, seconds: float = HUNG_S) -> Iterator[None]:
        """One input; it hangs if it takes longer, however it ends."""
        begun = time.monotonic()
        try:
            yield
        finally:
            if (took_s := time.monotonic() - begun) > seconds:
                self.hung(f"{took_s:.1f} s: {what}")

    def failed(self, error: Exception) -> None:
        """The row itself broke: that is a finding until somebody has looked."""
        lines = "".join(traceback.format_exception(error)).splitlines()
        self.found("the row broke off", "\n    ".join(lines[-12:]))

    def _show(self, line: str) -> None:
        if len(self.tally.examples) < 40:
            self.tally.examples.append(line[:2000])
