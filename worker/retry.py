"""What follows an error: a pure function of the error and what came before it.

An input that is at fault fails once. What infrastructure did to a job is tried again without end and charged to
nobody. What is our own or the machine's is tried again at most five times.
"""

from dataclasses import dataclass
from enum import StrEnum

from realtime.protocol.errors import (
    CodedError,
    ContentRefused,
    NetworkFault,
    QuotaExceeded,
    ServiceFault,
    ServiceLimited,
    ServiceRefused,
)
from worker.errors import (
    BudgetExhausted,
    DatabaseUnavailable,
    InternalError,
    QueueUnavailable,
    SourcesBusy,
    SourceUnreachable,
)

MAX_ATTEMPTS = 5
MAX_SOURCE_ATTEMPTS = 4  # an unreachable source is rarely back within hours, and its owner should hear of it
FIRST_DELAY_S = 2.0
LONGEST_DELAY_S = 60.0
REFUSED_DELAY_S = 60.0  # the fleet's breaker allows one probe a minute
QUOTA_DELAY_S = 300.0  # windows of quotas are minutes to a month: once in five minutes costs nothing
BUDGET_DELAY_S = 60.0  # claims pass over the job until the budget's next day; somebody may raise it before

# What the service, the network or a part of ours that comes back by itself did: no fault of the job.
INFRASTRUCTURE = (ServiceFault, NetworkFault, ServiceLimited, DatabaseUnavailable, QueueUnavailable, SourcesBusy)


class TooManyGaps(ContentRefused):
    """So much was refused that there is no transcript: this fails the job."""

    hint = "The service refused more of the speech than LONGHAND_MAX_GAP_SHARE allows: listen to the recording."


class Kind(StrEnum):
    FAIL = "fail"
    AGAIN = "again"
    GAP = "gap"


@dataclass(frozen=True)
class History:
    """What a job has behind it: charged attempts, and how many ended in a row for one and the same trouble."""

    attempts: int = 0
    stalls: int = 0


@dataclass(frozen=True, kw_only=True)
class Decision:
    """``due_in_s`` and the rest speak of ``again`` alone; ``waiting`` shows the error as what the job waits for."""

    kind: Kind
    due_in_s: float = 0.0
    charge: bool = False
    waiting: bool = False


def decide(error: CodedError, history: History, *, jitter: float) -> Decision:
    """What becomes of the job (of the segment, for a gap). ``jitter`` lies in [0, 1) and comes from the caller."""
    if is_gap(error):
        return Decision(kind=Kind.GAP)
    if isinstance(error, ServiceRefused):
        return _wait(REFUSED_DELAY_S * (1 + jitter / 4))
    if isinstance(error, BudgetExhausted):
        return _wait((error.retry_after_s or BUDGET_DELAY_S) * (1 + jitter / 4))
    if isinstance(error, INFRASTRUCTURE):
        return _wait(_patience(error, history, jitter))
    limit = _attempts_allowed(error)
    if history.attempts + 1 >= limit:
        return Decision(kind=Kind.FAIL, charge=True)
    return Decision(kind=Kind.AGAIN, due_in_s=backoff_s(history.attempts, jitter), charge=True, waiting=True)


def is_gap(error: CodedError) -> bool:
    """Whether the error takes one segment out of the transcript and lets the rest go on."""
    return isinstance(error, ContentRefused) and not isinstance(error, TooManyGaps)


def backoff_s(attempts: int, jitter: float) -> float:
    """Exponential backoff with equal jitter: at least half of 2, 4, 8 … 60 s."""
    return _ceiling_s(attempts) * (1 + jitter) / 2


def too_many_gaps(gap_ms: int, speech_ms: int, max_share: float) -> bool:
    """Whether so much of the speech is missing that it is no transcript, and the job must fail."""
    return gap_ms > max_share * speech_ms


def _ceiling_s(doublings: int) -> float:
    return float(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** min(doublings, 10)))


def _attempts_allowed(error: CodedError) -> int:
    if isinstance(error, SourceUnreachable):
        return MAX_SOURCE_ATTEMPTS
    return MAX_ATTEMPTS if isinstance(error, InternalError) and error.retryable else 1


def _wait(due_in_s: float) -> Decision:
    return Decision(kind=Kind.AGAIN, due_in_s=due_in_s, waiting=True)


def _patience(error: CodedError, history: History, jitter: float) -> float:
    """Full jitter below 2, 4, 8 … 60 s, but never less than the service asked for."""
    if isinstance(error, QuotaExceeded):
        return max(error.retry_after_s or 0.0, QUOTA_DELAY_S * (1 + jitter / 4))
    return (error.retry_after_s or 0.0) + _ceiling_s(history.stalls) * jitter
