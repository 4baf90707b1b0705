"""The service is away in the middle of many jobs, and then refuses the key: what the jobs say, and what is asked."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.checker import Verdict, judge, wait_until_ended
from tests.acceptance.recordings import write
from tests.acceptance.stack import Stack, wait_for
from tests.acceptance.submitting import Submitter

SETTLE_S = 5.0  # the sessions that were open when the key was first refused meet the refusal too
LOOK_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What was seen while something lasted."""

    failed: int  # jobs that had failed at its end
    codes: frozenset[str]  # what queued jobs said that they were waiting for
    states: frozenset[str]  # what GET /v1/service said


def endure_outage(stack: Stack, *, away_s: float) -> Trouble:
    """Nobody is there for a while."""
    wait_for(lambda: stack.log.read().in_work() > 1, 120)
    stack.proxy.refuse()
    try:
        return _watch(stack, away_s)
    finally:
        stack.proxy.open_up()


def endure_refusal(stack: Stack, *, refused_s: float) -> tuple[Trouble, list[float]]:
    """The key is refused for a while; the seconds since its beginning at which a handshake was tried."""
    wait_for(lambda: stack.log.read().in_work() > 1, 180)
    begun_s = time.time()
    stack.proxy.answer_with(401)
    try:
        trouble = _watch(stack, refused_s)
    finally:
        stack.proxy.open_up()
    return trouble, [at_s - begun_s for at_s in stack.proxy.refused_at]


def submit_all(stack: Stack, folder: Path, jobs: int, turns: int) -> Submitter:
    """All are accepted when it returns."""
    submitter = Submitter(stack.url, each_s=0)
    submitter.start(_recordings(folder, jobs, turns)).join()
    if submitter.error is not None:
        raise submitter.error
    return submitter


def count(stack: Stack, submitter: Submitter, end_s: float) -> Verdict:
    """Of a run in which only losses are counted: everything may have been sent twice that was in flight."""
    wait_until_ended(stack, end_s)
    return judge(stack, submitter.accepted, [])


def _recordings(folder: Path, jobs: int, turns: int) -> Iterator[tuple[Path, bool]]:
    return ((write(folder, number, turns), True) for number in range(jobs))


def _watch(stack: Stack, for_s: float) -> Trouble:
    codes, states, until = set[str](), set[str](), time.monotonic() + for_s
    with stack.client() as client:
        while time.monotonic() < until:
            codes |= {job["waiting"]["code"] for job in _items(client, "/v1/jobs", status="queued") if job["waiting"]}
            states |= {service["state"] for service in _items(client, "/v1/service")}
            time.sleep(LOOK_S)
        failed = len(_items(client, "/v1/jobs", status="failed"))
    return Trouble(failed=failed, codes=frozenset(codes), states=frozenset(states))


def _items(client: httpx.Client, path: str, **parameters: str) -> list[dict[str, Any]]:
    return list(client.get(path, params=parameters).json()["items"])
