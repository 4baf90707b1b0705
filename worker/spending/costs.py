"""What jobs have cost: by length, or by the tokens that each answer's stored usage names."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from worker.models import Answer, Job, Segment
from worker.spending.prices import Price

ROWS_AT_ONCE = 5_000


def cost_nusd(session: Session, price: Price, sent_ms: int, *chosen: ColumnElement[bool]) -> int:
    """Of the chosen jobs, which have sent so much. By tokens each answer that was sent for is looked at."""
    if price.usd_per_token is None:
        return price.cost_nusd(sent_ms)
    total, known_ms = 0, 0
    for span_ms, its_sent_ms, usage in session.execute(_sent(*chosen).execution_options(yield_per=ROWS_AT_ONCE)):
        total += price.cost_nusd(min(span_ms, its_sent_ms), usage) + price.cost_nusd(max(0, its_sent_ms - span_ms))
        known_ms += its_sent_ms
    return total + price.cost_nusd(max(0, sent_ms - known_ms))


def _sent(*chosen: ColumnElement[bool]) -> Select[int, int, Any]:
    own_answer = and_(Answer.id == Segment.answer_id, ~Segment.reused)
    columns = ((Segment.end_ms - Segment.start_ms).label("span_ms"), Segment.sent_ms, Answer.usage)
    rows = select(*columns).join(Job, Job.id == Segment.job_id).outerjoin(Answer, own_answer)
    return rows.where(Segment.sent_ms > 0, *chosen)
