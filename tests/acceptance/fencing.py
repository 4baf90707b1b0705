"""A worker is frozen in the middle of its segments for two leases, and thawed when another has its job."""

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import func, make_url, select

from tests.acceptance.ledger import Item, ServiceLog, expected
from tests.acceptance.recordings import write
from tests.fixtures.worker_processes import Fleet, wait_for
from worker.models import Answer, Segment

TURNS = 20
CLOSE_S = 5.0  # within so long of the thaw a session must be closed that was in the middle of a segment
RATHER_LONG_S = 120.0
PACE = 8.0  # times real time: sending a segment takes more than a second
Rows = dict[int, tuple[str, int | None]]


@dataclass(frozen=True, kw_only=True)
class Thaw:
    """What one worker did after it was thawed."""

    rows_written: int  # under its old fence, after its successor's claim
    closed_after_s: float  # the longest that one of its sessions stayed open which was in the middle of a segment
    bytes_sent: int  # audio that the service took from these sessions after the thaw
    sessions: int  # how many these were


def freeze_and_thaw(fleet: Fleet, number: int, *, lease_s: float) -> Thaw:
    """One round with a recording of its own; raises AssertionError where it does not end as it must."""
    path = write(fleet.folder / "recordings", 5 * number, TURNS)
    log = ServiceLog(fleet.folder / "received.jsonl")
    job_id = fleet.submit(path)
    wait_for(lambda: len(_half_sent(log)) > 1, RATHER_LONG_S)
    old = fleet.job(job_id)
    worker = psutil.Process(int(str(old.worker).split(":")[1]))
    wait_for(lambda: _freeze(fleet, worker), RATHER_LONG_S)
    frozen_at = time.monotonic()
    wait_for(lambda: fleet.job(job_id).fence > old.fence, RATHER_LONG_S)
    before = _rows(fleet, job_id, old.fence)
    time.sleep(max(0.0, 2 * lease_s - (time.monotonic() - frozen_at)))
    in_the_middle = [item for item in _half_sent(log) if item.begun_s < time.time() - lease_s]
    sent_before, thawed_s = sum(item.accepted_bytes for item in in_the_middle), time.time()
    worker.resume()
    wait_for(lambda: _all_ended(log, in_the_middle), RATHER_LONG_S)
    assert fleet.ended(job_id).status == "succeeded"
    after = _rows(fleet, job_id, old.fence)
    _assert_whole(fleet, job_id, path)
    return Thaw(
        rows_written=len(dict(after.items() - before.items())),
        closed_after_s=max(((item.ended_s or 0) - thawed_s for item in in_the_middle), default=0.0),
        bytes_sent=sum(item.accepted_bytes for item in in_the_middle) - sent_before,
        sessions=len(in_the_middle),
    )


def _freeze(fleet: Fleet, worker: psutil.Process) -> bool:
    """False in the middle of a write on SQLite, whose one lock nobody can take from a frozen process."""
    worker.suspend()
    wait_for(lambda: _stands_still(worker), RATHER_LONG_S)
    path = make_url(fleet.settings["DATABASE_URL"])
    if path.get_backend_name() != "sqlite":
        return True
    connection = sqlite3.connect(str(path.database), timeout=0.5, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        worker.resume()
        return False
    finally:
        connection.close()
    return True


def _stands_still(worker: psutil.Process) -> bool:
    """Whether each of its threads has heard of it: one may still be on its way into a write."""
    threads = Path(f"/proc/{worker.pid}/task").glob("*/stat")
    return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in threads)


def _half_sent(log: ServiceLog) -> list[Item]:
    return [item for item in log.read().items.values() if item.is_in_work() and item.sha256 is None]


def _all_ended(log: ServiceLog, items: list[Item]) -> bool:
    log.read()
    return all(item.ended_s is not None for item in items)


def _rows(fleet: Fleet, job_id: str, fence: int) -> Rows:
    """The segments that this claim was the last to write."""
    written = select(Segment).where(Segment.job_id == job_id, Segment.fence == fence)
    with fleet.database.reading() as session:
        return {segment.id: (segment.state, segment.answer_id) for segment in session.scalars(written)}


def _assert_whole(fleet: Fleet, job_id: str, path: Path) -> None:
    said = [(s["channel"], s["start_ms"], s["end_ms"], s["text"]) for s in fleet.transcript(job_id).segments]
    assert said == expected(path)
    places = select(func.count()).select_from(Answer).group_by(Answer.digest, Answer.channel, Answer.start_ms)
    with fleet.database.reading() as session:
        assert set(session.scalars(places)) == {1}, "a segment has two answers"
