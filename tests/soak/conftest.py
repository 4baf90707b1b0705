"""The long runs: `make soak`. Numbers are the issue's unless variables ``LONGHAND_TEST_*`` say otherwise."""

import os
import secrets
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fixtures.figures import cluster, figures, pytest_terminal_summary

__all__ = ["cluster", "figures", "pytest_terminal_summary"]

Number = Callable[[str, float], float]


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("LONGHAND_TEST_SEED") or secrets.randbelow(10**6))


@pytest.fixture
def number(figures: list[str], request: pytest.FixtureRequest) -> Number:
    """Reads ``LONGHAND_TEST_<NAME>`` or takes the default, and shows which it was."""
    date = datetime.now(UTC).isoformat(timespec="minutes")
    figures.append(f"{request.node.name}, {date}, commit {_commit()}")

    def read(name: str, default: float) -> float:
        value = float(os.environ.get(f"LONGHAND_TEST_{name}") or default)
        figures.append(f"  {name} {value:g}")
        return value

    return read


def _commit() -> str:
    """With a mark where the tree has changes that are in no commit."""
    folder = Path(__file__).parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"
