"""Following many jobs by polling: those that run are looked at each round, the waiting ones in turn."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice

from api.client import REFUSALS, Client, RemoteJob
from realtime.protocol.errors import KeyRefused
from worker.hints import hint_of

ROUND_S = 0.3
SETTLED = timedelta(seconds=3)
LONGEST = timedelta(seconds=75)  # over the minute between two probes
LOCAL_KEY_REFUSED = (
    "The local service refused the key: LONGHAND_RECOGNIZER_KEY must hold the same one at both its ends."
)
ROUND = 50  # requests a round: a thousand queued jobs must not keep a server busy with being asked


class Follower:
    """Jobs that have not ended, as last seen."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.open: dict[str, RemoteJob] = {}

    def add(self, job: RemoteJob) -> None:
        self.open[job.id] = job

    def look(self) -> list[RemoteJob]:
        """One round; returns the jobs looked at, ended ones included, which are followed no further."""
        seen = [self._client.job(job_id) for job_id in self._next()]
        for job in seen:
            self.open.pop(job.id, None)
            if not job.ended:
                self.open[job.id] = job  # to the end of the line
        return seen

    def _next(self) -> list[str]:
        running = [job.id for job in self.open.values() if job.status == "running"]
        waiting = (job.id for job in self.open.values() if job.status != "running")
        return [*running[:ROUND], *islice(waiting, max(1, ROUND - len(running)))]


class Refusals:
    """Believes a refusal when it lasts. A probe may be on its way or due, with the setting mended since the last one;
    but a clock that differs from the server's must not keep anybody waiting for ever."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._settled_since: datetime | None = None

    def lasting(self, jobs: Iterable[RemoteJob], now: datetime) -> RemoteJob | None:
        """A job whose service refuses it for good, as far as can be known; ``now`` has a zone."""
        refused = first_refusal(jobs)
        if refused is None:
            self._since = self._settled_since = None
            return None
        self._since = self._since or now
        self._settled_since = None if refused.is_due(now) else self._settled_since or now
        settled = self._settled_since is not None and now - self._settled_since >= SETTLED
        return refused if settled or now - self._since >= LONGEST else None


def first_refusal(jobs: Iterable[RemoteJob]) -> RemoteJob | None:
    """A job that waits for an operator: its service refuses the key, the bill or the model."""
    return next((job for job in jobs if job.refused), None)


def refusal_line(job: RemoteJob) -> str:
    """What the service refuses, and where to look."""
    if job.service == "local" and job.waiting["code"] == KeyRefused.code:
        return LOCAL_KEY_REFUSED
    hint = hint_of(REFUSALS[job.waiting["code"]])
    message = str(job.waiting.get("message") or "")
    return message if hint in message else f"{message} {hint}".strip()
