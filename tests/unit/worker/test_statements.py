"""Statements that threads share: what one thread builds is not seen half built by another."""

import importlib
import pkgutil

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.util import AliasedClass
from sqlalchemy.sql.base import WriteableColumnCollection

import api
import worker
from worker.models import Job
from worker.statements import shared_alias


def statement(alias: type[Job]) -> str:
    chosen = select(alias.id).where(alias.status == "queued", alias.held_by == "").order_by(alias.priority)
    return " ".join(str(chosen).split())


def test_of_a_shared_alias_nothing_is_left_for_a_thread_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """A race of threads shows the same, and on Python 3.11 may end the interpreter."""
    shared, plain = shared_alias(Job), aliased(Job)

    def build(_columns: object) -> None:
        raise AssertionError("an index is built where threads may meet it half made")

    monkeypatch.setattr(WriteableColumnCollection, "_init_proxy_index", build)
    assert statement(shared) == (
        "SELECT jobs_1.id FROM jobs AS jobs_1 "
        "WHERE jobs_1.status = :status_1 AND jobs_1.held_by = :held_by_1 ORDER BY jobs_1.priority"
    )
    with pytest.raises(AssertionError, match="half made"):
        statement(plain)


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
