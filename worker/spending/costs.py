"""What jobs have cost: by length, or by the tokens that each answer's stored usage names."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from worker.models import Answer, Job, Segment
from worker.services.prices import Price, tokens_of

ROWS_AT_ONCE = 5_000


@dataclass(frozen=True)
class Tokens:
    """How many answers have named, and how much of the audio that was sent these are of."""

    number: int = 0
    of_ms: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.number + other.number, self.of_ms + other.of_ms)


def cost_nusd(session: Session, price: Price, sent_ms: int, *chosen: ColumnElement[bool]) -> int:
    """Of the chosen jobs, which have sent so much. By tokens each answer that was sent for is looked at."""
    if price.usd_per_token is None:
        return price.cost_nusd(sent_ms)
    total, known_ms = 0, 0
    for _, span_ms, its_sent_ms, usage in session.execute(_sent(*chosen)):
        total += price.cost_nusd(min(span_ms, its_sent_ms), usage) + price.cost_nusd(max(0, its_sent_ms - span_ms))
        known_ms += its_sent_ms
    return total + price.cost_nusd(max(0, sent_ms - known_ms))


def tokens_by_recording(session: Session, *chosen: ColumnElement[bool]) -> dict[str, Tokens]:
    """What the chosen jobs' answers name; where they name nothing, the recording is left out."""
    found: dict[str, Tokens] = defaultdict(Tokens)
    for recording_id, span_ms, sent_ms, usage in session.execute(_sent(*chosen)):
        if (number := tokens_of(usage)) is not None:
            found[recording_id] += Tokens(number, min(span_ms, sent_ms))
    return found


def cost_of_sums(price: Price, sent_ms: int, tokens: Tokens) -> int:
    """As `cost_nusd`, from what was counted before; each answer is rounded up there, and here their sum."""
    if price.usd_per_token is None:
        return price.cost_nusd(sent_ms)
    named = price.cost_nusd(tokens.of_ms, {"total_tokens": tokens.number})
    return named + price.cost_nusd(max(0, sent_ms - tokens.of_ms))


def _sent(*chosen: ColumnElement[bool]) -> Select[str, int, int, Any]:
    own_answer = and_(Answer.id == Segment.answer_id, ~Segment.reused)
    span_ms = (Segment.end_ms - Segment.start_ms).label("span_ms")
    rows = select(Job.recording_id, span_ms, Segment.sent_ms, Answer.usage).select_from(Segment)
    rows = rows.join(Job, Job.id == Segment.job_id).outerjoin(Answer, own_answer)
    return rows.where(Segment.sent_ms > 0, *chosen).execution_options(yield_per=ROWS_AT_ONCE)
