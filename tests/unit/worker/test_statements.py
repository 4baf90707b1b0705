"""Statements that threads share: what one thread builds is not seen half built by another."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm.util import AliasedClass

import api
import worker
from worker.models import Job
from worker.statements import shared_alias

THREADS = 6
ROUNDS = 100  # of SQLAlchemy's own alias more than half of the rounds go wrong


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-7)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty_threads")
def test_threads_that_first_use_an_alias_together_read_its_own_columns() -> None:
    start = Barrier(THREADS)

    def statement(alias: type[Job]) -> str:
        start.wait(10)
        chosen = select(alias.id).where(alias.status == "queued", alias.held_by == "").order_by(alias.priority)
        return " ".join(str(chosen).split())

    with ThreadPoolExecutor(THREADS) as threads:
        for _ in range(ROUNDS):
            (said,) = set(threads.map(statement, [shared_alias(Job)] * THREADS))
            assert said == (
                "SELECT jobs_1.id FROM jobs AS jobs_1 "
                "WHERE jobs_1.status = :status_1 AND jobs_1.held_by = :held_by_1 ORDER BY jobs_1.priority"
            )


def test_every_alias_that_is_a_constant_of_a_module_may_be_shared() -> None:
    modules = [
        importlib.import_module(found.name)
        for package in (api, worker)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not found.name.endswith("__main__")
    ]
    aliases = {name: thing for each in modules for name, thing in vars(each).items() if isinstance(thing, AliasedClass)}
    assert {"Candidate", "CURRENT"} <= set(aliases)
    bare = [name for name, alias in aliases.items() if not inspect(alias).selectable.c._proxy_index]
    assert not bare, "made by sqlalchemy's aliased, not by worker.statements.shared_alias"
