"""How an attempt that raised ends: the error is decided on, and the job is moved accordingly."""

import random
import time
from collections.abc import Callable

import structlog

from realtime.protocol.errors import CodedError, RealtimeError
from worker.claims.claim import Claim
from worker.claims.lease import Lease
from worker.database import DATABASE_AWAY, Database
from worker.errors import (
    AttemptEnded,
    DatabaseUnavailable,
    LeaseLost,
    PriceUnknown,
    ServiceNotAllowed,
    SourceChanged,
    SourceForbidden,
    SourceMissing,
    SourceUnreachable,
    Stopping,
    StorageFailed,
    UnexpectedError,
)
from worker.hints import message_of
from worker.queue import jobs
from worker.retry import Decision, History, Kind, decide

log = structlog.get_logger(__name__)

RETRY_S = 1.0  # between two tries to tell the database
FETCH = (SourceUnreachable, SourceMissing, SourceForbidden, SourceChanged)
STORE = (StorageFailed, DatabaseUnavailable)


def conclude(database: Database, lease: Lease, error: Exception, *, got_on: bool, retry_s: float = RETRY_S) -> None:
    """Move the job to where the error leads it. Raises nothing: what cannot be told is left to the sweep."""
    claim = lease.claim
    if isinstance(error, AttemptEnded) and not isinstance(error, Stopping):
        log.info("the attempt ended; somebody else decides on the job", why=str(error))
        return
    if isinstance(error, Stopping):
        log.info("the job is given back and goes on elsewhere at once", why=str(error))
        _tell(lambda: jobs.release(database, claim), lease, retry_s)
        return
    coded = as_coded(error)
    history = History(attempts=claim.attempts, stalls=0 if got_on else claim.stalls)
    decision = decide(coded, history, jitter=random.random())  # noqa: S311  # jitter is no secret
    _tell(lambda: _move(database, claim, coded, decision), lease, retry_s)


def as_coded(error: Exception) -> CodedError:
    """The error with a code: the database's absence has one, and whatever else has none is a defect of ours."""
    if isinstance(error, CodedError):
        return error
    if isinstance(error, DATABASE_AWAY):
        return DatabaseUnavailable()
    log.error("an unexpected error; the job is tried again", exc_info=error)
    return UnexpectedError(f"{type(error).__name__} while working on the job. {UnexpectedError.hint}")


def stage_of(error: CodedError) -> str:
    """Where in a job's way an error arises: fetch, decode, recognise or store."""
    if isinstance(error, FETCH):
        return "fetch"
    if isinstance(error, RealtimeError | ServiceNotAllowed | PriceUnknown):
        return "recognise"
    return "store" if isinstance(error, STORE) else "decode"


def _move(database: Database, claim: Claim, error: CodedError, decision: Decision) -> None:
    if decision.kind is Kind.AGAIN:
        waiting = error if decision.waiting else None
        jobs.requeue(database, claim, due_in_s=decision.due_in_s, waiting=waiting, charge=decision.charge)
        log.warning(
            "the job is tried again", code=error.code, why=message_of(error), due_in_s=round(decision.due_in_s, 1)
        )
        return
    jobs.fail(database, claim, error, stage_of(error))
    log.warning("the job has failed; it is not tried again by itself", code=error.code, why=message_of(error))


def _tell(tell: Callable[[], None], lease: Lease, retry_s: float) -> None:
    """Write what was decided, also where the database is away for a while; an end of the lease ends it."""
    give_up_at = time.monotonic() + 2 * lease.claim.lease_s
    while True:
        try:
            tell()
        except LeaseLost as error:
            log.info("the job is somebody else's already", why=str(error))
            return
        except DATABASE_AWAY as error:
            if time.monotonic() > give_up_at or lease.is_stopping_now:
                log.warning("the database is away; the sweep finds the job when it is back", error=type(error).__name__)
                return
            time.sleep(retry_s)
        else:
            return
