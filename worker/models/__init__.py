"""The tables, a module for each subject."""

from worker.models.access import ApiKey
from worker.models.archives import Archive, Import, ImportProblem, Recording
from worker.models.base import Base
from worker.models.campaigns import Campaign, Member, Vote
from worker.models.fleet import DispatcherProcess, IdempotencyKey, ServiceState, WorkerProcess
from worker.models.jobs import Batch, BatchJob, Job, Segment
from worker.models.results import Answer, SearchRow, Transcript
from worker.models.spending import Budget, BudgetPeriod, ClaimReservation

__all__ = [
    "Answer",
    "ApiKey",
    "Archive",
    "Base",
    "Batch",
    "BatchJob",
    "Budget",
    "BudgetPeriod",
    "Campaign",
    "ClaimReservation",
    "DispatcherProcess",
    "IdempotencyKey",
    "Import",
    "ImportProblem",
    "Job",
    "Member",
    "Recording",
    "SearchRow",
    "Segment",
    "ServiceState",
    "Transcript",
    "Vote",
    "WorkerProcess",
]
