"""A campaign's comparison in sum: rates with their intervals, and totals of what changed."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import SQLColumnExpression, func, select
from sqlalchemy.orm import Session

from worker.campaigns.review.totals import Totals, View
from worker.models import Member
from worker.states import MemberState

Conditions = tuple[SQLColumnExpression[bool], ...]
ROWS_AT_ONCE = 1_000  # what is in memory
MOST_ROWS = 200_000  # some ten seconds; of more a random part is read
HEX = 16**8


def summarise(session: Session, campaign_id: str, *, canary_only: bool = False) -> dict[str, Any]:
    """Sums over the members that were compared; ``campaign_id`` is the id, not the name.

    ``error`` is there where references were, over recordings with an old and a new version; ``new_error`` has those
    too whose reference is older than any version of a machine. ``difference`` is of old and new without a reference.
    Of a very large campaign a random part is read, always the same: ``share_read`` says how much.
    """
    own = (Member.campaign_id == campaign_id, *([Member.canary] if canary_only else []))
    states = _states(session, own)
    share = min(1.0, MOST_ROWS / max(states.get(MemberState.DONE, 0), 1))
    totals = Totals()
    for comparison in _comparisons(session, own, share):
        totals.add(comparison)
    return {**totals.view(states), "share_read": share}


def _comparisons(session: Session, own: Conditions, share: float) -> Iterator[View]:
    drawn = [func.md5(Member.recording_id) < f"{int(share * HEX):08x}"] if share < 1 else []
    wanted = select(Member.comparison).where(*own, Member.state == MemberState.DONE, *drawn)
    in_order = wanted.order_by(Member.recording_id).execution_options(yield_per=ROWS_AT_ONCE)
    yield from (comparison for comparison in session.scalars(in_order) if comparison is not None)


def _states(session: Session, own: Conditions) -> dict[str, int]:
    rows = session.execute(select(Member.state, func.count()).where(*own).group_by(Member.state))
    return {str(state): number for state, number in rows}
