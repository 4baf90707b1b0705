"""What a run left behind, counted from outside: from the API, from the recordings and from the service's own log."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import httpx
from sqlalchemy import create_engine, func, select

from tests.acceptance.ledger import Said, ServiceLog, in_transcript, length_ms
from tests.acceptance.stack import Stack, wait_for
from tests.acceptance.submitting import Accepted
from worker.models import Answer, Segment, Transcript

UNDER_WAY = ("queued", "running")


@dataclass(frozen=True, kw_only=True)
class Struck:
    """One fault that counted: some segments were in flight."""

    kind: str
    from_s: float
    until_s: float
    in_flight: int
    free_of_cost: bool


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Counts of jobs, segments and milliseconds. The first six must be 0."""

    lost: int  # a 2xx without a job
    unasked: int  # a job that nobody submitted
    unsuccessful: int  # a job that did not end as its recording must
    wrong: int  # a transcript with a segment missing, twice, in the wrong place, or with another text
    extra_rows: int  # transcripts, segments and answers beyond one each
    sent_beyond_bound_ms: int  # sent twice beyond what was in flight at the faults
    jobs: int
    faults: int
    segments: int
    needed_ms: int
    sent_ms: int
    committed_twice: int
    in_flight_ms: int

    @property
    def waste(self) -> float:
        """Audio that was sent beyond what was needed, as a share of the needed."""
        return self.sent_ms / self.needed_ms - 1

    def line(self) -> str:
        counts = ", ".join(f"{name} {value}" for name, value in asdict(self).items())
        return f"{counts}, waste {100 * self.waste:.1f} %"


def wait_until_ended(stack: Stack, timeout_s: float) -> None:
    """Until no job is queued or running."""
    with stack.client() as client:
        wait_for(lambda: _is_idle(client), timeout_s, each_s=0.5)


def may_lose_a_lease(stack: Stack) -> bool:
    """Whether no job has lost two leases without an answer between: the third one fails it, as it must."""
    with stack.client() as client:
        try:
            under_way = [job for status in UNDER_WAY for job in _pages(client, status=status)]
        except (httpx.TransportError, KeyError):  # the API was struck too: 503, or nobody
            return False
    return all(job["losses"] < 2 for job in under_way)


def judge(stack: Stack, accepted: list[Accepted], struck: list[Struck]) -> Verdict:
    """To be called when all jobs have ended."""
    with stack.client() as client:
        jobs = {job["id"]: job for job in _pages(client)}
        good = [one for one in accepted if one.said is not None]
        transcripts = {one.job_id: _transcript(client, one.job_id) for one in good}
    ids = {one.job_id for one in accepted}
    needed_ms = sum(length_ms(one.said or ()) for one in accepted)
    log, costly = stack.log.read(), [fault for fault in struck if not fault.free_of_cost]
    in_flight = set[tuple[str, str]]().union(*(log.in_flight(fault.from_s, fault.until_s) for fault in costly))
    segments = sum(len(one.said or ()) for one in accepted)
    return Verdict(
        lost=len(ids - jobs.keys()),
        unasked=len(jobs.keys() - ids) + len(accepted) - len(ids),
        unsuccessful=sum(not _ended_well(jobs.get(one.job_id), one) for one in accepted),
        wrong=sum(transcripts[one.job_id] != one.said for one in good),
        extra_rows=_extra_rows(stack.database_url, len(good), segments),
        sent_beyond_bound_ms=_beyond_bound_ms(log, needed_ms, in_flight),
        jobs=len(jobs),
        faults=len(struck),
        segments=segments,
        needed_ms=needed_ms,
        sent_ms=log.accepted_ms(),
        committed_twice=log.committed_twice(),
        in_flight_ms=log.accepted_ms(in_flight),
    )


def assert_nothing_lost_nothing_twice(verdict: Verdict, stack: Stack) -> None:
    must_be_none = ("lost", "unasked", "unsuccessful", "wrong", "extra_rows", "sent_beyond_bound_ms")
    found = {name: value for name in must_be_none if (value := getattr(verdict, name))}
    assert not found, f"{found}: {verdict.line()}\n{stack.logs()}"


def _ended_well(job: dict[str, Any] | None, one: Accepted) -> bool:
    if job is None:
        return False
    if one.said is None:
        return bool(job["status"] == "failed" and job["error"]["code"] in {"truncated_file", "damaged_audio"})
    return bool(job["status"] == "succeeded" and job["gaps"] == 0)


def _transcript(client: httpx.Client, job_id: str) -> list[Said]:
    answer = client.get(f"/v1/jobs/{job_id}/transcript")
    return in_transcript(answer.json()) if answer.status_code == 200 else []


def _beyond_bound_ms(log: ServiceLog, needed_ms: int, in_flight: set[tuple[str, str]]) -> int:
    return max(0, log.accepted_ms() - needed_ms - log.accepted_ms(in_flight))


def _extra_rows(database_url: str, transcripts: int, segments: int) -> int:
    wanted = {Transcript: transcripts, Segment: segments, Answer: segments}
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = {model: connection.scalars(select(func.count()).select_from(model)).one() for model in wanted}
    engine.dispose()
    return sum(max(0, found[model] - wanted[model]) for model in wanted)


def _is_idle(client: httpx.Client) -> bool:
    """Whether the API says that no job is queued or running; a last fault may still keep it from saying anything."""
    try:
        answers = [client.get("/v1/jobs", params={"status": status, "limit": 1}) for status in UNDER_WAY]
    except httpx.TransportError:
        return False
    return all(answer.status_code == 200 and not answer.json()["items"] for answer in answers)


def _pages(client: httpx.Client, **filters: str) -> Iterator[dict[str, Any]]:
    cursor: str | None = ""
    while cursor is not None:
        wanted = {**filters, "limit": "100", **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/jobs", params=wanted).json()
        yield from page["items"]
        cursor = page["next"]
