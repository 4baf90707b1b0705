"""Budgets, and what is reserved and spent of them. Money is whole billionths of a US dollar, in ``…_nusd`` columns."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from worker.models.base import ID, NAME, Base


class Budget(Base):
    """What may be spent within a scope, a day or in all: money, audio sent, or both."""

    __tablename__ = "budgets"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    scope: Mapped[str] = mapped_column(String(12))  # deployment, archive or campaign
    name: Mapped[str] = mapped_column(NAME)  # the archive's name or the campaign's id; empty for the deployment
    period: Mapped[str] = mapped_column(String(5))  # day or all
    limit_nusd: Mapped[int | None]
    limit_ms: Mapped[int | None]
    spent_until_ms: Mapped[int | None]  # nothing is claimed before: there is nothing left
    created_ms: Mapped[int]

    __table_args__ = (UniqueConstraint("scope", "name", "period"),)


class BudgetPeriod(Base):
    """One day of a budget (or all of it, day 0): what is reserved for segments on their way, and what is spent."""

    __tablename__ = "budget_windows"

    budget_id: Mapped[str] = mapped_column(ForeignKey("budgets.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)  # since 1970, UTC
    reserved_nusd: Mapped[int] = mapped_column(default=0)
    reserved_ms: Mapped[int] = mapped_column(default=0)
    spent_nusd: Mapped[int] = mapped_column(default=0)
    spent_ms: Mapped[int] = mapped_column(default=0)


class ClaimReservation(Base):
    """What one claim on a job has reserved and not settled; a dead claim's counts as spent, since it may have been."""

    __tablename__ = "reservations"

    budget_id: Mapped[str] = mapped_column(ForeignKey("budgets.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True)
    fence: Mapped[int] = mapped_column(primary_key=True)
    reserved_nusd: Mapped[int] = mapped_column(default=0)
    reserved_ms: Mapped[int] = mapped_column(default=0)
