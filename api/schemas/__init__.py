"""What the API answers, as it stands in OpenAPI: a module for each subject."""

from api.schemas.archives import Archive, Archives, Recording, Recordings, Usage, UsagePage
from api.schemas.base import Page, Problem, Shape
from api.schemas.batches import Batch, BatchItem, ManifestProblem, SubmittedBatch, SubmittedManifest
from api.schemas.budgets import Budget, BudgetPage, Estimate
from api.schemas.campaigns import Campaign, CampaignRecordings, Campaigns, DryRun
from api.schemas.imports import Expected, Import, ImportProblems, Imports, KeptRecording
from api.schemas.jobs import Changed, Job, JobError, Jobs, Progress, Spec, SubmittedJob, Waiting
from api.schemas.process import Health, Readiness, Service, Services
from api.schemas.results import Result, ResultError, Results
from api.schemas.reviews import CampaignComparison, CastVote, NextVote, Votes
from api.schemas.search import Found, FoundSegment, Hit
from api.schemas.transcripts import (
    ComparedVersion,
    Comparison,
    Edits,
    Gap,
    Passage,
    Segment,
    Transcript,
    Version,
    Versions,
)

__all__ = [
    "Archive",
    "Archives",
    "Batch",
    "BatchItem",
    "Budget",
    "BudgetPage",
    "Campaign",
    "CampaignComparison",
    "CampaignRecordings",
    "Campaigns",
    "CastVote",
    "Changed",
    "ComparedVersion",
    "Comparison",
    "DryRun",
    "Edits",
    "Estimate",
    "Expected",
    "Found",
    "FoundSegment",
    "Gap",
    "Health",
    "Hit",
    "Import",
    "ImportProblems",
    "Imports",
    "Job",
    "JobError",
    "Jobs",
    "KeptRecording",
    "ManifestProblem",
    "NextVote",
    "Page",
    "Passage",
    "Problem",
    "Progress",
    "Readiness",
    "Recording",
    "Recordings",
    "Result",
    "ResultError",
    "Results",
    "Segment",
    "Service",
    "Services",
    "Shape",
    "Spec",
    "SubmittedBatch",
    "SubmittedJob",
    "SubmittedManifest",
    "Transcript",
    "Usage",
    "UsagePage",
    "Version",
    "Versions",
    "Votes",
    "Waiting",
]
