"""A worker's parts in this process, over a local service that can be replaced: for jobs that the service cuts."""

import json
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from tests.fixtures.recognizer import StartRecognizer
from tests.fixtures.rows import read_job
from tests.sounds import Samples, write_wav
from worker.attempt.pipeline import work_on
from worker.attempt.resources import Desk, open_desk
from worker.claims.lease import Stop
from worker.models import Job, Segment, Transcript
from worker.queue import jobs
from worker.settings import Settings
from worker.spec import Spec
from worker.states import ENDED, Lane, Segmentation

SPEC = Spec(service="local", model="scripted", segmentation=Segmentation.SERVER_VAD)


class House:
    """A worker's parts, with a service that can be replaced by another one."""

    def __init__(self, folder: Path, settings: dict[str, Any], start: StartRecognizer) -> None:
        self.folder = folder
        self.stop = Stop()
        self._settings = settings
        self._start = start
        self._number = 0
        self.desk: Desk

    def open(self, **service: Any) -> None:  # noqa: ANN401  # the fields of RecognizerConfig
        """Work with a local service of these options from now on."""
        self._number += 1
        self.open_at(self._start(log=self.log, **service).url)

    def open_at(self, url: str, **settings: Any) -> None:  # noqa: ANN401  # any setting
        """Work with this service from now on."""
        self.close()
        self.desk = open_desk(Settings(**{**self._settings, **settings}, local_url=url), self.stop)

    def close(self) -> None:
        if hasattr(self, "desk"):
            self.desk.close()

    @property
    def log(self) -> Path:
        return self.folder / f"received-{self._number}.jsonl"

    def received(self, event: str) -> list[dict[str, Any]]:
        """What the latest service got."""
        entries = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [entry for entry in entries if entry["event"] == event]

    def received_ms(self) -> int:
        return int(sum(entry["bytes"] for entry in self.received("append")) // 32)

    def submit(self, *channels: Samples, spec: Spec = SPEC, archive: str = "tests") -> str:
        path = write_wav(self.folder / "recording.wav", *channels)
        with path.open("rb") as file:
            saved = self.desk.media.save(file, 2**30)
        recording = jobs.NewRecording(
            archive=archive, identity=saved.digest, digest=saved.digest, source=path.name, media_key=saved.key
        )
        with self.desk.database.writing() as session:
            submitted = jobs.submit(session, recording, spec)
            session.commit()
        return submitted.job_id

    def attempt(self) -> None:
        """One attempt at the job that is due."""
        with self.desk.database.writing() as session:
            session.execute(update(Job).values(due_ms=1))
            session.commit()
        claimed = jobs.claim(self.desk.database, Lane.NORMAL, "w", 60)
        assert claimed is not None
        work_on(self.desk, claimed, time.monotonic())

    def attempt_until_ended(self, job_id: str) -> None:
        """On an overloaded machine no session may open in time: the job waits then, as it should, and is due again."""
        for _ in range(20):
            self.attempt()
            if self.job(job_id).status in ENDED:
                return

    def job(self, job_id: str) -> Job:
        return read_job(self.desk.database, job_id)

    def segments(self, job_id: str) -> list[Segment]:
        in_order = select(Segment).where(Segment.job_id == job_id).order_by(Segment.channel, Segment.start_ms)
        with self.desk.database.reading() as session:
            return list(session.scalars(in_order))

    def transcript(self, job_id: str) -> Transcript:
        with self.desk.database.reading() as session:
            return session.scalars(select(Transcript).where(Transcript.job_id == job_id)).one()

    def sent_ms(self, job_id: str) -> int:
        return self.job(job_id).sent_outside_ms + sum(segment.sent_ms for segment in self.segments(job_id))
