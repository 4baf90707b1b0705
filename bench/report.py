"""What a benchmark leaves behind: a table on the screen, and JSON in bench/out/ with the machine it was seen on."""

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

OUT = Path(__file__).parent / "out"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Spread:
    """The median of what the rounds gave, and the least and the most of it."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.least:.3g}–{self.most:.3g})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def show(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    lines = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for first, *others in lines:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join([first.ljust(widths[0]), *cells]))


def keep(name: str, found: Mapping[str, Any], load_before: float) -> None:
    """Write bench/out/<name>.json; ``load_before`` is the machine's load of one minute when the benchmark began."""
    OUT.mkdir(exist_ok=True)
    seen = {"command": _command(), **machine(), "load_before": load_before, **found}
    (OUT / f"{name}.json").write_text(json.dumps(seen, indent=2, default=_plain) + "\n")


def load() -> float:
    """Processes that wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 2)


def machine() -> dict[str, Any]:
    """When and on what: commit, processor, memory, load."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "python": platform.python_version(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_after": load(),
    }


def _command() -> str:
    module = Path(sys.argv[0]).stem
    return " ".join(["python -m", f"bench.{module}", *sys.argv[1:]])


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip() or "none"


def _processor() -> str:
    """Its name by /proc/cpuinfo, else what Python knows."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _plain(thing: object) -> Any:  # noqa: ANN401  # as json wants it
    return asdict(thing) if is_dataclass(thing) and not isinstance(thing, type) else str(thing)
