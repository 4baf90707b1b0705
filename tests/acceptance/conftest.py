"""The tests with real processes show figures at the end of their run."""

from tests.fixtures.figures import (
    cluster,
    figures,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
)

__all__ = [
    "cluster",
    "figures",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
]
