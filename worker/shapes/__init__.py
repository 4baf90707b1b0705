"""What the API answers, as it stands in OpenAPI: a module for each subject."""

from worker.shapes.archives import Archive, Archives, Recording, Recordings, Usage, UsagePage
from worker.shapes.base import Page, Problem, Shape
from worker.shapes.batches import Batch, BatchItem, ManifestProblem, SubmittedBatch, SubmittedManifest
from worker.shapes.budgets import Budget, BudgetPage, Estimate
from worker.shapes.campaigns import Campaign, CampaignRecordings, Campaigns, DryRun
from worker.shapes.imports import Expected, Import, ImportProblems, Imports, KeptRecording
from worker.shapes.jobs import Changed, Job, JobError, Jobs, Progress, Spec, SubmittedJob, Waiting
from worker.shapes.process import Health, Readiness, Service, Services
from worker.shapes.results import Result, ResultError, Results
from worker.shapes.reviews import CampaignComparison, CastVote, NextVote, Votes
from worker.shapes.search import Found, FoundSegment, Hit
from worker.shapes.transcripts import (
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
