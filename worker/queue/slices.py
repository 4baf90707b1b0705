"""Changing very many jobs a few at a time, so that nobody else waits long for the database."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement

from worker.claims.claim import locked, raised
from worker.database import Database, change
from worker.models import Job

SLICE = 2_000  # jobs changed in one transaction: a fraction of a second


def change_in_slices(database: Database, conditions: Iterable[ColumnElement[bool]], changes: dict[str, Any]) -> None:
    """Change the jobs in the order of their ids, a transaction for each slice; their state stays as it is."""
    wanted, after = tuple(conditions), ""
    while True:
        few = Job.id.in_(locked((*wanted, Job.id > after)).limit(SLICE))
        with database.writing() as session:
            changed = session.scalars(
                change(Job).where(few).values(**changes, changed_ms=raised()).returning(Job.id)
            ).all()
            session.commit()
        if len(changed) < SLICE:
            return
        after = max(changed)
