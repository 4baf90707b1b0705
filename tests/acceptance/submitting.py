"""A person's client: it submits recordings one after another, and asks again with the same key until it has a 2xx."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.acceptance.ledger import Said, expected

GIVE_UP_S = 300.0  # no fault of the programme keeps the API away for so long, even on a slow machine
PAUSE_S = 0.2
LOOK_S = 0.2  # between two questions whether it may go on
COME_AGAIN = {409, 503}  # 409: the same request is being worked on; 503: the database is away


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A submission that was answered with a 2xx; ``said`` is None where the recording cannot be decoded."""

    job_id: str
    name: str
    said: list[Said] | None


def _always(_good: int) -> bool:
    return True


@dataclass
class Submitter:
    """Submits in a thread of its own, so that faults strike meanwhile. ``may_go_on`` gets the number of good ones."""

    url: str
    each_s: float  # between two submissions
    may_go_on: Callable[[int], bool] = _always
    accepted: list[Accepted] = field(default_factory=list)
    asked_again: int = 0
    error: BaseException | None = None

    def start(self, recordings: Iterable[tuple[Path, bool]]) -> threading.Thread:
        """Each recording, no two with one name, and whether it can be decoded; what was taken is deleted."""
        thread = threading.Thread(target=self._run, args=(recordings,), name="submitter", daemon=True)
        thread.start()
        return thread

    def _run(self, recordings: Iterable[tuple[Path, bool]]) -> None:
        try:
            next_at = time.monotonic()
            for path, good in recordings:
                while not self.may_go_on(sum(one.said is not None for one in self.accepted)):
                    time.sleep(LOOK_S)
                self._take(path, good=good)
                now = time.monotonic()
                next_at = max(next_at + self.each_s, now)
                time.sleep(next_at - now)
        except BaseException as error:  # noqa: BLE001  # a thread's edge: the test that joins it raises it again
            self.error = error

    def _take(self, path: Path, *, good: bool) -> None:
        job_id = self._submit(path, key=path.name)
        self.accepted.append(Accepted(job_id=job_id, name=path.name, said=expected(path) if good else None))
        path.unlink()

    def _submit(self, path: Path, key: str) -> str:
        deadline = time.monotonic() + GIVE_UP_S
        while True:
            answer = self._post(path, key)
            if answer is not None and answer.status_code == 202:
                return str(answer.json()["id"])
            assert answer is None or answer.status_code in COME_AGAIN, f"{answer.status_code}: {answer.text}"
            assert time.monotonic() < deadline, f"no 2xx within {GIVE_UP_S} s"
            self.asked_again += 1
            time.sleep(PAUSE_S)

    def _post(self, path: Path, key: str) -> httpx.Response | None:
        """A new connection each time, as from many clients; None where nobody answered."""
        try:
            with path.open("rb") as file:
                return httpx.post(
                    f"{self.url}/v1/jobs",
                    files={"file": (path.name, file)},
                    headers={"Idempotency-Key": key},
                    timeout=30,
                    trust_env=False,
                )
        except httpx.TransportError:
            return None
