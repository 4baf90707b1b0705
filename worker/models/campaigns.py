"""Campaigns: runs over a selection of recordings, their members, and people's votes."""

import secrets
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import CODE, ID, NAME, NUMBER, Base, index_where


class Campaign(Base):
    """A bulk reprocessing run. `worker.campaigns.running.life` is the only place where its state changes.

    Whoever takes a step locks the row, and the step is one bounded transaction: so several dispatchers may try.
    """

    __tablename__ = "campaigns"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(NAME, unique=True)
    status: Mapped[str] = mapped_column(String(12))
    # a `CampaignStep`: what goes on within the state; and the last recording that it has done
    step: Mapped[str | None] = mapped_column(String(12))
    position: Mapped[str | None] = mapped_column(ID)
    selection: Mapped[dict[str, Any]]
    until_id: Mapped[str] = mapped_column(ID)  # the newest recording when it was made: later ones are not meant
    spec: Mapped[dict[str, Any]]
    # no language was asked for: each recording has its own, one of these; empty: the spec's stands for all
    own_languages: Mapped[list[Any]] = mapped_column(default=list)
    fresh: Mapped[bool] = mapped_column(default=False)  # no stored answer is reused
    blind_key: Mapped[str] = mapped_column(ID, default=lambda: secrets.token_hex(16))  # hides which version is A
    limits: Mapped[dict[str, Any]]  # recordings at once, audio a day, money
    rules: Mapped[dict[str, Any]]  # the canary's size and thresholds, the failures that pause it, what is promoted
    # members that were done and that had failed when it was resumed: these do not pause it again
    forgiven: Mapped[list[Any]] = mapped_column(default=lambda: [0, 0])
    plan: Mapped[dict[str, Any]]  # what was expected of it when it was made
    reason: Mapped[dict[str, Any] | None]  # why it is paused, or in review
    created_ms: Mapped[int]
    started_ms: Mapped[int | None]
    finished_ms: Mapped[int | None]
    promoted_ms: Mapped[int | None]
    rolled_back_ms: Mapped[int | None]
    changed_ms: Mapped[int]

    __table_args__ = (Index(None, "status", "id"),)


class Member(Base):
    """A recording in a campaign, with its job and what that brought."""

    __tablename__ = "campaign_recordings"

    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(10))
    canary: Mapped[bool] = mapped_column(default=False)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id"))
    before_id: Mapped[str | None] = mapped_column(ID)  # the current transcript when it was enrolled
    after_id: Mapped[str | None] = mapped_column(ID)  # the transcript that its job made
    code: Mapped[str | None] = mapped_column(CODE)  # why it has failed, or has got no job
    # what its jobs have taken, as they stood at the end of the last one
    audio_ms: Mapped[int] = mapped_column(default=0)
    sent_ms: Mapped[int] = mapped_column(default=0)
    reused_ms: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)  # that answers have named
    told_ms: Mapped[int] = mapped_column(default=0)  # what these are of, in what was sent
    promoted: Mapped[bool] = mapped_column(default=False)
    comparison: Mapped[dict[str, Any] | None]  # numbers of the two versions side by side
    rate: Mapped[float | None] = mapped_column(Float)  # of them the one that orders: the most different first

    __table_args__ = (
        Index(None, "campaign_id", "state", "recording_id"),
        index_where(None, "campaign_id", "rate", where="rate IS NOT NULL"),
        index_where(None, "job_id", where="job_id IS NOT NULL"),
        Index(None, "recording_id"),
    )


class Vote(Base):
    """What a person thought of a passage in two versions, without knowing which is which."""

    __tablename__ = "campaign_votes"

    id: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"))
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    passage: Mapped[str] = mapped_column(Text)  # its channel and times
    voter: Mapped[str] = mapped_column(NAME)
    choice: Mapped[str] = mapped_column(String(10))  # old, new or neither
    created_ms: Mapped[int]

    __table_args__ = (UniqueConstraint("campaign_id", "recording_id", "passage", "voter"),)
