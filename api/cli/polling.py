"""Following what goes on at the server by polling. Of many jobs those that run are looked at each round, the waiting
ones in turn."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from api.cli.exits import ServiceRefuses
from api.client import Client
from api.client.jobs import REFUSALS, has_ended, is_refused, waiting_message
from realtime.protocol.errors import KeyRefused
from worker.hints import hint_of
from worker.shapes.jobs import Job
from worker.states import JobState

Seen = TypeVar("Seen")

ROUND_S = 0.3
SETTLED = timedelta(seconds=3)
LONGEST = timedelta(seconds=75)  # over the minute between two probes
LOCAL_KEY_REFUSED = (
    "The local service refused the key: LONGHAND_RECOGNIZER_KEY must hold the same one at both its ends."
)
ROUND = 50  # requests a round: a thousand queued jobs must not keep a server busy with being asked


def follow(
    look: Callable[[], Seen], over: Callable[[Seen], bool], *, round_s: float = ROUND_S, patience: float = 0.0
) -> Seen:
    """Look once a round until it is over; what was seen last.

    A look that takes long is followed by a pause of ``patience`` times its length at least.
    """
    while True:
        began = time.monotonic()
        seen = look()
        if over(seen):
            return seen
        time.sleep(max(round_s, patience * (time.monotonic() - began)))


class Follower:
    """Jobs that have not ended, as last seen."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._refusals = Refusals()
        self.open: dict[str, Job] = {}

    def add(self, job: Job) -> None:
        self.open[job.id] = job

    def look(self) -> list[Job]:
        """One round; returns the jobs looked at, ended ones included, which are followed no further."""
        seen = [self._client.job(job_id) for job_id in self._next()]
        for job in seen:
            self.open.pop(job.id, None)
            if not has_ended(job):
                self.open[job.id] = job  # to the end of the line
        return seen

    def check(self) -> None:
        """Raises ServiceRefuses where a job's service refuses it for good."""
        if refused := self._refusals.lasting(self.open.values(), datetime.now(UTC)):
            raise ServiceRefuses(refusal_line(refused))

    def _next(self) -> list[str]:
        running = [job.id for job in self.open.values() if job.status == JobState.RUNNING]
        waiting = (job.id for job in self.open.values() if job.status != JobState.RUNNING)
        return [*running[:ROUND], *islice(waiting, max(1, ROUND - len(running)))]


@dataclass
class Refusals:
    """Believes a refusal when it lasts. A probe may be on its way or due, with the setting mended since the last one;
    but a clock that differs from the server's must not keep anybody waiting for ever."""

    _since: datetime | None = None
    _settled_since: datetime | None = None

    def lasting(self, jobs: Iterable[Job], now: datetime) -> Job | None:
        """A job whose service refuses it for good, as far as can be known; ``now`` has a zone."""
        refused = first_refusal(jobs)
        if refused is None:
            self._since = self._settled_since = None
            return None
        self._since = self._since or now
        next_try_at = refused.waiting.next_try_at if refused.waiting else None
        is_due = next_try_at is not None and datetime.fromisoformat(next_try_at) <= now
        self._settled_since = None if is_due else self._settled_since or now
        settled = self._settled_since is not None and now - self._settled_since >= SETTLED
        return refused if settled or now - self._since >= LONGEST else None


def first_refusal(jobs: Iterable[Job]) -> Job | None:
    """A job that waits for an operator: its service refuses the key, the bill or the model."""
    return next(filter(is_refused, jobs), None)


def refusal_line(job: Job) -> str:
    """What the service refuses, and where to look."""
    code, message = (job.waiting.code if job.waiting else ""), waiting_message(job)
    if job.spec.service == "local" and code == KeyRefused.code:
        return LOCAL_KEY_REFUSED
    hint = hint_of(REFUSALS[code])
    return message if hint in message else f"{message} {hint}".strip()
