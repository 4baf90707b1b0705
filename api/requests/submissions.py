"""Submissions, from whichever form they came in: a recording, a spec, and the job that is made or found."""

from typing import Any

from sqlalchemy.orm import Session

from api.http.dependencies import Door
from api.http.idempotent_writes import Answer
from api.requests.uploads import Upload
from worker.archive_rules import rules_of
from worker.media import identities
from worker.media.store import Saved
from worker.queue.batches import require_batch
from worker.queue.submission import Submission, submit_many
from worker.recordings import NewRecording
from worker.services.lookup import Services
from worker.shapes.jobs import SubmittedJob
from worker.shapes.options import JobOptions
from worker.spec import RequestedSpec
from worker.views.jobs import read_job


def of_upload(upload: Upload[JobOptions]) -> NewRecording:
    """The recording of a submission."""
    options = upload.options
    described = {"external_id": options.external_id, "labels": options.labels}
    return of_saved(options.archive, upload.saved, upload.name, **described)


def of_saved(archive: str, saved: Saved, name: str, **described: Any) -> NewRecording:  # noqa: ANN401  # its other fields
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


def check(options: JobOptions, door: Door) -> None:
    """Refuse what can be refused before the file is read: a wrong option costs no upload. Raises RequestError."""
    with door.database.reading() as session:
        rules_of(session, options.archive).requested(options.of_spec(), door.services)
        if options.batch is not None:
            require_batch(session, options.batch)


def fields_of(options: JobOptions) -> dict[str, Any]:
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
