"""Which jobs: one typed filter for lists, for cancelling and for retrying many, also a part after the other."""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from worker.models import BatchJob, Job
from worker.shapes.selection import JobFields

Statement = TypeVar("Statement", bound=Select[Any])


class JobFilter(JobFields):
    """Jobs that are all of what is given; an empty filter is every job. ``code`` is an error's, or a waiting's.

    ``after`` and ``until`` are ids, which sort by age.
    """

    after: str | None = None
    until: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as conditions on the jobs' table."""
        columns = {
            Job.status: self.status,
            Job.archive: self.archive,
            Job.external_id: self.external_id,
            Job.recording_id: self.recording,
            Job.campaign_id: self.campaign,
        }
        conditions = [column == value for column, value in columns.items() if value is not None]
        if self.batch is not None:
            conditions.append(in_batch(self.batch))
        if self.code is not None:
            conditions.append(or_(Job.error_code == self.code, Job.waiting_code == self.code))
        conditions += [Job.id > self.after] if self.after is not None else []
        conditions += [Job.id <= self.until] if self.until is not None else []
        return conditions + [Job.labels[name].as_string() == value for name, value in self.labels.items()]

    def where(self, statement: Statement) -> Statement:
        """The statement, which selects from jobs, narrowed to this filter."""
        return statement.where(*self.conditions())


def in_batch(batch_id: str) -> ColumnElement[bool]:
    """The jobs that the batch counts."""
    return Job.id.in_(select(BatchJob.job_id).where(BatchJob.batch_id == batch_id))


def newest(session: Session) -> str:
    """The id of the newest job: what comes after it was not meant by whoever chooses now."""
    return session.scalar(select(func.max(Job.id))) or ""


def first_part(session: Session, chosen: JobFilter, at_most: int) -> JobFilter:
    """The oldest of the chosen jobs, so many at most; with the same ``until`` where these are all."""
    edge = chosen.where(select(Job.id)).order_by(Job.id).offset(at_most - 1).limit(1)
    return chosen.model_copy(update={"until": session.scalar(edge) or chosen.until})
