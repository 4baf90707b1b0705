"""What the tests with real processes share: PostgreSQL clusters of their own, and figures shown at the end of a run."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fixtures.postgres_cluster import PostgresCluster, running_cluster

__all__ = ["cluster", "figures", "pytest_terminal_summary"]

FIGURES = pytest.StashKey[list[str]]()


@pytest.fixture(params=["sqlite", "postgresql"])
def cluster(request: pytest.FixtureRequest) -> Iterator[PostgresCluster | None]:
    """None: the database is SQLite."""
    if request.param == "sqlite":
        yield None
        return
    with running_cluster() as made:
        yield made


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines to be shown at the end of the run, whether its tests passed or not."""
    return request.config.stash.setdefault(FIGURES, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands its figures over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = session.config.stash.get(FIGURES, [])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401  # pytest-xdist has no types
    node.config.stash.setdefault(FIGURES, []).extend(getattr(node, "workeroutput", {}).get("figures", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
