"""Jobs, the batches that count them, and their segments."""

from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import CODE, DIGEST, HOLDER, ID, NAME, NUMBER, Base, index_where


class Batch(Base):
    """The jobs of one submission of many."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str | None] = mapped_column(NAME)
    created_ms: Mapped[int]


class BatchJob(Base):
    """A job that a batch counts: made by it, or there before for the same recording and spec."""

    __tablename__ = "batch_jobs"

    batch_id: Mapped[str] = mapped_column(ForeignKey("batches.id"), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), primary_key=True)


class Job(Base):
    """One request to transcribe one recording. `worker.queue.jobs` is the only place where its state changes."""

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"))  # the one that made it; see BatchJob
    archive: Mapped[str] = mapped_column(NAME)
    external_id: Mapped[str | None] = mapped_column(NAME)
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    retry_of: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    # the campaign that made it: then its transcript waits for the promotion to be the current one
    campaign_id: Mapped[str | None] = mapped_column(ForeignKey("campaigns.id"))

    status: Mapped[str] = mapped_column(String(10))
    lane: Mapped[str] = mapped_column(String(12))
    priority: Mapped[int] = mapped_column(Integer, default=0)
    spec: Mapped[dict[str, Any]]
    spec_digest: Mapped[str] = mapped_column(DIGEST)
    audio: Mapped[str] = mapped_column(DIGEST)  # the bytes' digest where known at submission, else the recording's id
    recognition_key: Mapped[str] = mapped_column(DIGEST)
    service: Mapped[str] = mapped_column(NAME)

    due_ms: Mapped[int]  # not claimed before
    deadline_ms: Mapped[int | None]  # not claimed after; still queued then, it fails
    fence: Mapped[int] = mapped_column(default=0)  # the number of the latest claim
    worker: Mapped[str | None] = mapped_column(NAME)  # who holds it; null unless running
    lease_until_ms: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)  # charged by an outcome
    losses: Mapped[int] = mapped_column(Integer, default=0)  # charged by an expired lease, 0 after an answer

    channels: Mapped[int | None] = mapped_column(Integer)  # channels being cut: known after the first 30 s
    cut_ms: Mapped[int] = mapped_column(default=0)  # how far the cut has come
    cut_complete: Mapped[bool] = mapped_column(default=False)
    audio_ms: Mapped[int | None]  # the recording's length, silence included, once decoded to its end
    sent_outside_ms: Mapped[int] = mapped_column(default=0)  # streamed, but in no segment: silence, or a break's loss

    waiting_code: Mapped[str | None] = mapped_column(CODE)
    waiting_message: Mapped[str | None] = mapped_column(Text)
    waiting_since_ms: Mapped[int | None]
    # what closes the way of a queued job as far as it was marked, so that claims need not look at it: `queue.waiting`
    held_by: Mapped[str] = mapped_column(HOLDER, default="", server_default="")
    error_code: Mapped[str | None] = mapped_column(CODE)
    error: Mapped[dict[str, Any] | None]

    # what the attempts since the last stored answer ended for; kept over a claim, which clears `waiting`
    stall_code: Mapped[str | None] = mapped_column(CODE)
    stall_since_ms: Mapped[int | None]
    stalls: Mapped[int] = mapped_column(Integer, default=0)  # how many of them in a row

    created_ms: Mapped[int]
    started_ms: Mapped[int | None]  # the first claim
    claimed_ms: Mapped[int | None]  # the latest one
    resumed_ms: Mapped[int] = mapped_column(default=0)  # how far along the recording was at it
    finished_ms: Mapped[int | None]
    changed_ms: Mapped[int]  # raised with every visible change: the ETag

    __table_args__ = (
        # the claim's order: priority, then age; ids sort by age
        Index("ix_jobs_due", "status", "lane", "held_by", text("priority DESC"), "id", "due_ms"),
        Index("ix_jobs_lease", "status", "lease_until_ms"),
        index_where("ix_jobs_deadline", "deadline_ms", where="deadline_ms IS NOT NULL"),
        Index("ix_jobs_same", "recording_id", "spec_digest"),
        # one audio is worked on once at a time under one recognition key, whoever claims at the same instant
        index_where("uq_jobs_running", "audio", "recognition_key", unique=True, where="status = 'running'"),
        Index(None, "status", "id"),
        Index(None, "archive", "id"),
        Index(None, "error_code", "id"),
        index_where(None, "waiting_code", "id", where="waiting_code IS NOT NULL"),
        Index(None, "external_id"),
        index_where(None, "campaign_id", "status", where="campaign_id IS NOT NULL"),
        # a metric of the last hour
        index_where(None, "finished_ms", where="finished_ms IS NOT NULL"),
    )


class Segment(Base):
    """A span [start_ms, end_ms) of one channel, stored as it is cut and before its audio is sent."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    channel: Mapped[int] = mapped_column(Integer)  # 0 where mixed
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("answers.id"))
    reused: Mapped[bool] = mapped_column(default=False)  # its answer was looked up, nothing was sent for it
    raced: Mapped[bool] = mapped_column(default=False)  # another segment with this audio was answered meanwhile
    sent_ms: Mapped[int] = mapped_column(default=0)  # over all attempts
    fence: Mapped[int]  # the claim that wrote last
    gap_code: Mapped[str | None] = mapped_column(CODE)
    gap_message: Mapped[str | None] = mapped_column(Text)
    flags: Mapped[list[Any]] = mapped_column(default=list)

    __table_args__ = (UniqueConstraint("job_id", "channel", "start_ms"),)
