"""One recording on its way to a transcript while one process of ours ends itself at a planted place."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import func, select

from tests.acceptance import planted
from tests.acceptance.ledger import ServiceLog
from tests.fixtures.redis import RedisServer, free_port
from tests.fixtures.worker_processes import Fleet, wait_for
from worker.models import Answer, Job, Recording, Segment, Transcript
from worker.processes.tasks import Waker
from worker.settings import Settings
from worker.states import Lane, SegmentState

PATIENCE_S = 180.0
# Many scenes at once make a machine slow; and a job that is done in a third of a second must meet a renewal too.
PATIENT = {"LEASE_S": "10", "RENEW_S": "0.05"}


@dataclass(frozen=True)
class Ended:
    """What is left at the end, as far as a crash must not show in it."""

    status: str
    attempts: int
    error: str | None
    segments: tuple[tuple[Any, ...], ...]
    transcripts: tuple[str, ...]
    answers: int
    jobs: int
    is_current: bool


class Scene:
    """A home, a database, a Redis and a service; processes are started as a place needs them."""

    def __init__(self, fleet: Fleet, recording: Path) -> None:
        self.fleet = fleet
        self.recording = recording
        self.log = ServiceLog(fleet.folder / "received.jsonl")
        self._processes: list[BaseProcess] = []
        self._environment = {f"LONGHAND_{name}": value for name, value in {**fleet.settings, **PATIENT}.items()}
        self._port = free_port()

    def start(self, *words: str, place: str = "", trace: str = "") -> BaseProcess:
        log = self.fleet.folder / f"{words[0]}-{len(self._processes)}.log"
        process = planted.start(*words, environment=self._environment, log=log, place=place, trace=trace)
        self._processes.append(process)
        return process

    def start_api(self, place: str = "", trace: str = "") -> BaseProcess:
        return self.start("api", "--port", str(self._port), place=place, trace=trace)

    def wait_for_crash(self, process: BaseProcess) -> None:
        ended_with = planted.exit_code(process, PATIENCE_S)
        assert ended_with == planted.STATUS, f"ended with {ended_with}\n{self.fleet.logs()}"

    def post(self) -> httpx.Response | None:
        """Submit through the API, always under the same key; None where nobody answers."""
        try:
            with self.recording.open("rb") as file:
                return httpx.post(
                    f"http://127.0.0.1:{self._port}/v1/jobs",
                    files={"file": (self.recording.name, file)},
                    headers={"Idempotency-Key": "the same"},
                    timeout=30,
                    trust_env=False,
                )
        except httpx.TransportError:
            return None

    def accepted(self) -> str:
        """The job's id, once a submission was answered with a 2xx."""
        answer = wait_for(lambda: a if (a := self.post()) and a.is_success else None, PATIENCE_S)
        return str(answer.json()["id"])

    def wake(self) -> None:
        """What the API does after a submission, where a test does without it."""
        waker = Waker(Settings(home=self.fleet.folder, redis_url=self.fleet.settings["REDIS_URL"]))
        wait_for(lambda: waker.wake(Lane.NORMAL), PATIENCE_S)
        waker.close()

    def answered(self, job_id: str) -> int:
        """Segments whose answer is stored."""
        return sum(segment.state == SegmentState.ANSWERED for segment in self.fleet.segments(job_id))

    def wait_for_silence(self) -> None:
        """Until the service, which runs in this process, has read all that dead processes sent."""
        port = self.fleet.service_port

        def is_silent() -> bool:
            connections = psutil.Process().net_connections("tcp4")
            talking = [one for one in connections if one.laddr.port == port and one.status != psutil.CONN_LISTEN]
            return not talking and not self.log.read().in_work()

        wait_for(is_silent, PATIENCE_S)

    def commits(self) -> int:
        """Segments that the service was given."""
        return sum(item.sha256 is not None for item in self.log.read().items.values())

    def ended(self, job_id: str) -> Ended:
        """Once the job has ended."""
        self.fleet.ended(job_id, PATIENCE_S)
        with self.fleet.database.reading() as session:
            job = session.get_one(Job, job_id)
            segments = session.execute(
                select(Segment.channel, Segment.start_ms, Segment.end_ms, Segment.state).order_by(Segment.start_ms)
            )
            transcripts = session.scalars(select(Transcript)).all()
            current = session.get_one(Recording, job.recording_id).current_transcript_id
            return Ended(
                status=job.status,
                attempts=job.attempts,
                error=job.error_code,
                segments=tuple(tuple(row) for row in segments),
                transcripts=tuple(transcript.text for transcript in transcripts),
                answers=session.scalars(select(func.count()).select_from(Answer)).one(),
                jobs=session.scalars(select(func.count()).select_from(Job)).one(),
                is_current=[transcript.id for transcript in transcripts] == [current],
            )

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            planted.exit_code(process, PATIENCE_S)


@contextmanager
def crash_scene(folder: Path, database_url: str, recording: Path) -> Iterator[Scene]:
    """A scene with a running service and Redis, and no process of ours yet."""
    folder.mkdir()
    redis = RedisServer(folder)
    redis.start()
    fleet = Fleet(folder, database_url=database_url, redis_url=redis.url)
    fleet.start_service()
    scene = Scene(fleet, Path(shutil.copy(recording, folder)))
    try:
        yield scene
    finally:
        scene.close()
        fleet.close()
        redis.kill()
