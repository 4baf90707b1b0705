"""Submissions, from whichever form they came in: a recording, a spec, and the job that is made or found.

A source that is registered in place is looked at for a moment, so that a changed source is another recording.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.orm import Session

from api.http.dependencies import Dependencies
from api.http.idempotent_writes import Answer
from api.requests.uploads import Upload
from worker.archive_rules import rules_of
from worker.errors import RequestError, SourceForbidden, SourceMissing, SourceUnreachable
from worker.media import identities
from worker.media.access import check_source
from worker.media.identities import SourceIdentity
from worker.media.mounts import identify_mounted, is_mounted
from worker.media.sources import look_at_source
from worker.media.store import SavedFile
from worker.media.urls import display
from worker.queue.batches import require_batch
from worker.queue.submission import Submission, submit_many
from worker.recordings import NewRecording
from worker.services.lookup import Services
from worker.settings import Settings
from worker.shapes.jobs import SubmittedJob
from worker.shapes.options import JobOptions, UrlOptions
from worker.spec import RequestedSpec
from worker.views.jobs import read_job

LOOKS_AT_ONCE = 16  # of a batch
Refusal = RequestError | SourceForbidden | SourceMissing
REFUSALS = (RequestError, SourceForbidden, SourceMissing)


def check(options: JobOptions, deps: Dependencies) -> None:
    """Refuse what can be refused before the file is read: a wrong option costs no upload. Raises RequestError."""
    with deps.database.reading() as session:
        rules_of(session, options.archive).requested(options.of_spec(), deps.services)
        if options.batch is not None:
            require_batch(session, options.batch)


def request_fields(options: JobOptions) -> dict[str, Any]:
    """The fields as a fingerprint takes them."""
    return options.model_dump(mode="json")


def submission(recording: NewRecording, options: JobOptions, requested: RequestedSpec) -> Submission:
    """What was asked for, as the verbs take it."""
    return Submission(
        recording=recording,
        batch_id=options.batch,
        external_id=options.external_id,
        labels=options.labels,
        deadline=options.deadline,
        fresh=options.fresh,
        **requested._asdict(),
    )


def answer(session: Session, recording: NewRecording, options: JobOptions, services: Services) -> Answer[SubmittedJob]:
    """One submission done: 202 with a new job, 200 with the one that existed. Raises UnknownBatch.

    Rules and batch were looked at by `check` before the file came; here they are as they are in this transaction.
    """
    if options.batch is not None:
        require_batch(session, options.batch)
    requested = rules_of(session, options.archive).requested(options.of_spec(), services)
    [made] = submit_many(session, [submission(recording, options, requested)])
    body = SubmittedJob.extending(read_job(session, made.job_id), existing=made.existing)
    lanes = frozenset() if made.existing else frozenset({requested.spec.lane})
    return Answer(body, 200 if made.existing else 202, f"/v1/jobs/{made.job_id}", lanes)


def uploaded_recording(upload: Upload[JobOptions]) -> NewRecording:
    """The recording of a submission."""
    options = upload.options
    described = {"external_id": options.external_id, "labels": options.labels}
    return stored_recording(options.archive, upload.saved, upload.name, **described)


def stored_recording(archive: str, saved: SavedFile, name: str, **described: Any) -> NewRecording:  # noqa: ANN401  # its other fields
    """A recording whose bytes are in the media store, known by their digest."""
    return NewRecording(
        archive=archive,
        identity=identities.of_bytes(saved.digest),
        source=name,
        digest=saved.digest,
        media_key=saved.key,
        size_bytes=saved.size_bytes,
        **described,
    )


def registered(options: UrlOptions, settings: Settings, look_s: float) -> NewRecording:
    """The source as a recording, after a look of at most ``look_s``; 0: without one.

    Raises what can be known now: InvalidRequest, SourceForbidden, SourceMissing, UploadTooLarge. A source that does
    not answer is registered all the same: its job tries again, and says what it meets.
    """
    check_source(options.url, settings)
    return _recording(options, _look(options.url, settings, look_s))


def registered_unseen(options: UrlOptions, settings: Settings) -> NewRecording:
    """The same without asking anybody, as for a hundred thousand at once: only mounted folders are looked into."""
    check_source(options.url, settings)
    if is_mounted(options.url):
        return _recording(options, identify_mounted(options.url, settings.roots))
    return _recording(options, SourceIdentity())


def _recording(options: UrlOptions, state: SourceIdentity) -> NewRecording:
    return NewRecording(
        archive=options.archive,
        identity=identities.of_source(options.url, state),
        source=display(options.url),
        source_url=options.url,
        size_bytes=state.size_bytes,
        external_id=options.external_id,
        labels=options.labels,
    )


def registered_many(
    many: Sequence[UrlOptions], settings: Settings, look_s: float, looks_s: float
) -> list[NewRecording | Refusal]:
    """The same for each of many, several at once; what would be raised stands in its place.

    Those that are not reached within ``looks_s`` are registered without a look.
    """
    end = time.monotonic() + looks_s

    def look(options: UrlOptions) -> NewRecording | Refusal:
        try:
            return registered(options, settings, min(look_s, end - time.monotonic()))
        except REFUSALS as refusal:
            return refusal

    with ThreadPoolExecutor(LOOKS_AT_ONCE, "look") as pool:
        return list(pool.map(look, many))


def _look(url: str, settings: Settings, look_s: float) -> SourceIdentity:
    if look_s <= 0 and not is_mounted(url):
        return SourceIdentity()
    try:
        return look_at_source(url, settings, deadline_s=look_s)
    except SourceUnreachable:
        return SourceIdentity()
