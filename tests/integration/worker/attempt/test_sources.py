"""A recording's bytes for an attempt: fetched under its lease, and only in the state that was registered."""

import hashlib
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import select

from tests.fixtures.rows import SPEC
from worker.attempt.conclusion import conclude
from worker.attempt.resources import WorkerResources, open_resources
from worker.attempt.sources import Sources
from worker.claims.claim import Claim
from worker.claims.lease import Lease, Stop
from worker.database import Database
from worker.errors import AttemptEnded, JobCancelled, SourceChanged, SourcesBusy, Stopping
from worker.media import identities
from worker.media.identities import SourceIdentity
from worker.media.mounts import identify_mounted
from worker.models import Job, Recording
from worker.queue import jobs, submission
from worker.recordings import NewRecording
from worker.settings import Settings
from worker.states import JobState, Lane

BODY = b"RIFF" * 1000


class Origin(BaseHTTPRequestHandler):
    """Serves BODY with an ETag that a test may change; ``/slow`` comes in drops until it is told to end."""

    etag: ClassVar[str] = "one"
    body: ClassVar[bytes] = BODY
    begun: ClassVar[threading.Event]
    stop: ClassVar[threading.Event]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("ETag", self.etag)
        slow = self.path == "/slow"
        if not slow:
            self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        while slow and not self.stop.wait(0.02):
            self.wfile.write(b"x")
            self.begun.set()
        self.wfile.write(self.body)

    def log_message(self, *_arguments: object) -> None:
        """Tests print nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """A client that leaves early is what these tests are about."""


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    Origin.begun, Origin.stop = threading.Event(), threading.Event()
    for name in ("etag", "body"):  # put back afterwards
        monkeypatch.setattr(Origin, name, getattr(Origin, name))
    with Server(("127.0.0.1", 0), Origin) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        Origin.stop.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def stop() -> Stop:
    return Stop()


@pytest.fixture
def resources(tmp_path: Path, sqlite_url: str, redis_url: str, stop: Stop) -> Iterator[WorkerResources]:
    settings = Settings(home=tmp_path, database_url=sqlite_url, redis_url=redis_url, allow_private_urls=True)
    settings = settings.model_copy(update={"media_roots": f"calls={tmp_path / 'calls'}"})
    opened = open_resources(settings, stop)
    yield opened
    opened.close()


def register(resources: WorkerResources, url: str, state: SourceIdentity) -> Claim:
    """A source in this state with a job that is claimed."""
    recording = NewRecording(
        archive="tests",
        identity=identities.of_source(url, state),
        source=url,
        source_url=url,
        size_bytes=state.size_bytes,
    )
    with resources.database.writing() as session:
        submission.submit(session, recording, SPEC)
        session.commit()
    claimed = jobs.claim(resources.database, Lane.NORMAL, "w", 60)
    assert claimed is not None
    return claimed


def row(database: Database) -> Recording:
    with database.reading() as session:
        return session.scalars(select(Recording)).one()


def all_rows(database: Database) -> Sequence[Recording]:
    with database.reading() as session:
        return session.scalars(select(Recording)).all()


def job_of(resources: WorkerResources, claimed: Claim) -> Job:
    with resources.database.reading() as session:
        return session.get_one(Job, claimed.job_id)


def read(resources: WorkerResources, lease: Lease) -> bytes:
    with resources.sources.open(row(resources.database), lease) as source:
        assert source.digest == hashlib.sha256(source.path.read_bytes()).hexdigest()
        return source.path.read_bytes()


def leased(claimed: Claim, stop: Stop) -> Lease:
    return Lease(claimed, stop, claimed_at=time.monotonic())


def fetched_files(resources: WorkerResources) -> list[Path]:
    return list((resources.settings.resolved_media_dir / ".fetched").iterdir())


def test_a_source_is_fetched_for_the_block_and_its_digest_kept(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    claimed = register(resources, f"{origin}/a", SourceIdentity(size_bytes=len(BODY), etag="one"))

    assert read(resources, leased(claimed, stop)) == BODY
    assert row(resources.database).digest == hashlib.sha256(BODY).hexdigest()
    assert fetched_files(resources) == []


def test_a_source_with_another_etag_than_was_registered_has_changed(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    claimed = register(resources, f"{origin}/a", SourceIdentity(size_bytes=len(BODY), etag="one"))
    Origin.etag = "two"

    with pytest.raises(SourceChanged):
        read(resources, leased(claimed, stop))
    assert row(resources.database).digest is None


def test_once_the_bytes_are_known_they_decide_and_not_their_etag(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    claimed = register(resources, f"{origin}/a", SourceIdentity(etag="one"))
    read(resources, leased(claimed, stop))
    Origin.etag = "two"
    assert read(resources, leased(claimed, stop)) == BODY

    Origin.body = BODY[::-1]
    with pytest.raises(SourceChanged):
        read(resources, leased(claimed, stop))


@pytest.mark.parametrize("ended", [JobCancelled, Stopping])
def test_a_long_fetch_ends_with_its_lease(
    resources: WorkerResources, origin: str, stop: Stop, ended: type[AttemptEnded]
) -> None:
    claimed = register(resources, f"{origin}/slow", SourceIdentity())
    lease = leased(claimed, stop)

    def end() -> None:
        Origin.begun.wait(30)
        stop.asked.set() if ended is Stopping else lease.end(JobCancelled())

    ending = threading.Thread(target=end)
    ending.start()
    with pytest.raises(ended):
        read(resources, lease)
    ending.join()
    assert fetched_files(resources) == []


def test_half_of_the_slots_fetch_and_the_rest_give_theirs_back(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    slow = register(resources, f"{origin}/slow", SourceIdentity())
    quick = register(resources, f"{origin}/a", SourceIdentity())
    rows = {found.source_url: found for found in all_rows(resources.database)}
    settings = resources.settings.model_copy(update={"jobs": 2})
    sources = Sources(resources.database, resources.media, settings, place_wait_s=0.5)
    ended: list[Exception] = []

    def fetch_slowly() -> None:
        try:
            with sources.open(rows[f"{origin}/slow"], leased(slow, stop)):
                pass
        except AttemptEnded as error:
            ended.append(error)

    fetching = threading.Thread(target=fetch_slowly)
    fetching.start()
    assert Origin.begun.wait(30)
    with pytest.raises(SourcesBusy), sources.open(rows[f"{origin}/a"], leased(quick, stop)):
        pytest.fail("it was fetched")
    Origin.stop.set()
    fetching.join()
    assert ended == []
    with sources.open(rows[f"{origin}/a"], leased(quick, stop)) as source:
        assert source.path.read_bytes() == BODY


def test_a_job_that_finds_no_place_to_fetch_is_charged_nothing_and_says_what_it_waits_for(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    claimed = register(resources, f"{origin}/a", SourceIdentity())
    conclude(resources.database, leased(claimed, stop), SourcesBusy(), got_on=False)
    job = job_of(resources, claimed)
    assert (job.status, job.waiting_code, job.attempts) == (JobState.QUEUED, "sources_busy", 0)


def test_who_waits_for_a_place_to_fetch_is_told_of_a_cancel(
    resources: WorkerResources, origin: str, stop: Stop
) -> None:
    settings = resources.settings.model_copy(update={"jobs": 1})
    sources = Sources(resources.database, resources.media, settings, place_wait_s=60)
    lease = leased(register(resources, f"{origin}/a", SourceIdentity()), stop)
    lease.end(JobCancelled())
    with sources._places.room_for(Lane.NORMAL), pytest.raises(JobCancelled):
        sources.open(row(resources.database), lease).__enter__()


def test_a_mounted_recording_is_read_where_it_lies_and_its_digest_kept(
    resources: WorkerResources, tmp_path: Path, stop: Stop
) -> None:
    (tmp_path / "calls").mkdir()
    file = tmp_path / "calls" / "a.wav"
    file.write_bytes(BODY)
    claimed = register(
        resources, "mount://calls/a.wav", identify_mounted("mount://calls/a.wav", resources.settings.roots)
    )

    with resources.sources.open(row(resources.database), leased(claimed, stop)) as source:
        assert (source.path.read_bytes(), source.digest) == (BODY, hashlib.sha256(BODY).hexdigest())
    assert row(resources.database).digest == hashlib.sha256(BODY).hexdigest()
    assert file.read_bytes() == BODY

    file.write_bytes(BODY + b"more")
    with pytest.raises(SourceChanged):
        read(resources, leased(claimed, stop))
