"""Budgets as JSON: what may be spent, and what is gone of it now."""

from typing import Any

from sqlalchemy.orm import Session

from worker.budgets import BudgetState, Scope, budgets_of
from worker.services.prices import usd
from worker.spending.ledger import FOREVER_MS
from worker.views.times import iso

View = dict[str, Any]


def list_budgets(session: Session, scope: Scope | None = None, name: str | None = None) -> View:
    """All of them; there are few."""
    return {"items": [budget_view(one) for one in budgets_of(session, scope, name)], "next": None}


def budget_view(budget: BudgetState) -> View:
    until = budget.spent_until_ms
    return {
        "scope": budget.scope,
        "archive": budget.name if budget.scope is Scope.ARCHIVE else None,
        "campaign": budget.name if budget.scope is Scope.CAMPAIGN else None,
        "period": budget.period,
        "limit_usd": None if budget.limit_nusd is None else usd(budget.limit_nusd),
        "limit_ms": budget.limit_ms,
        "spent_usd": usd(budget.spent_nusd),
        "spent_ms": budget.spent_ms,
        "reserved_usd": usd(budget.reserved_nusd),
        "reserved_ms": budget.reserved_ms,
        "used": round(budget.spent_share, 4),
        "level": budget.level,
        "waits_until": iso(until) if until is not None and until < FOREVER_MS else None,
        "created_at": iso(budget.created_ms),
    }
