"""What the worst bodies of a megabyte cost: seconds of each, the answer's length, and the peak of the process so far.

Run: python -m bench.worst_bodies [--most 20]
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import migrations
from api.app import make_app
from bench.report import keep, load, show
from tests.fixtures.worst_bodies import api_process, worst_bodies
from worker.settings import Settings


@dataclass(frozen=True)
class Measured:
    """One body, and what became of it."""

    body: str
    seconds: float
    status: int
    answer_bytes: int
    peak_mb: float


def measure(home: Path) -> list[Measured]:
    """All of them, one after the other, sent to one process."""
    url = f"sqlite:///{home / 'longhand.db'}"
    migrations.upgrade(url)
    settings = Settings(home=home, database_url=url)
    bodies = worst_bodies(make_app(settings, wake=lambda _lane: None, no_keys=True).openapi())
    measured = []
    with api_process(settings) as api:
        for body in bodies:
            began = time.perf_counter()
            status, length = api.send(body)
            measured.append(Measured(body.name, time.perf_counter() - began, status, length, api.peak_mb()))
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=20, help="so many are shown, the slowest first")
    asked = parser.parse_args()
    load_before = load()
    with tempfile.TemporaryDirectory() as home:
        measured = sorted(measure(Path(home)), key=lambda one: -one.seconds)
    rows = [[one.body, f"{one.seconds:.2f}", one.status, one.answer_bytes, f"{one.peak_mb:.0f}"] for one in measured]
    show(["body", "s", "status", "answer bytes", "peak MB so far"], rows[: asked.most])
    keep("worst_bodies", {"bodies": measured}, load_before)


if __name__ == "__main__":
    main()
