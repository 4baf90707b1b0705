"""A job's transcript, and versions of a recording's: each to be read, compared, brought and chosen."""

import hashlib
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.http.authentication import CORRECT, READ
from api.http.bodies import json_body, read_body
from api.http.dependencies import Deps
from api.http.idempotent_writes import Answer, Once
from api.http.request_headers import chosen_format
from api.requests.docs import json_request, problems, request_body
from worker.errors import InvalidRequest
from worker.results import transcript_readers
from worker.results.export import MEDIA_TYPES, Format, export
from worker.results.versions import add_version, make_current
from worker.shapes.fields import Name
from worker.shapes.recordings import Recording
from worker.shapes.transcripts import Comparison, Transcript, Version
from worker.views.recordings import show_recording, show_version
from worker.views.transcripts import compare_versions, read_transcript, read_version, source_of

MAX_BYTES = 8 * 1024**2
router = APIRouter()
FORMS = {MEDIA_TYPES[form]: {"schema": {"type": "string"}} for form in Format if form != Format.JSON}
BYTES = "application/octet-stream"  # of which the query names the form
# A page may send plain text to any server unasked, so it is not taken as such.
BROUGHT_TYPES = [BYTES, *(MEDIA_TYPES[form] for form in Format if form != Format.TXT)]
BROUGHT = request_body({media_type: {"type": "string"} for media_type in BROUGHT_TYPES})
FormatQuery = Annotated[str | None, Query(alias="format", description="json, txt, srt, vtt or tsv.")]
MediaType = Annotated[str | None, Header(description="The same, as a media type.")]


@router.get(
    "/v1/jobs/{job_id}/transcript",
    dependencies=[READ],
    tags=["transcripts"],
    response_model=Transcript,
    responses={200: {"content": FORMS}, **problems(400, 404, 409)},
)
def get_transcript(
    job_id: str,
    deps: Deps,
    form: FormatQuery = None,
    accept: MediaType = None,
    *,
    partial: Annotated[bool, Query(description="In every state: what is answered so far.")] = False,
) -> Response:
    """The transcript of a job; 409 `not_ready` before its end unless `partial` is asked for."""
    chosen = chosen_format(form, accept)
    with deps.database.reading() as session:
        transcript = read_transcript(session, job_id, partial=partial)
        source = source_of(session, job_id)
    return _in_format(transcript, source, chosen)


@router.get(
    "/v1/transcripts/{transcript_id}",
    dependencies=[READ],
    tags=["recordings"],
    response_model=Transcript,
    responses={200: {"content": FORMS}, **problems(400, 404)},
)
def get_version(transcript_id: str, deps: Deps, form: FormatQuery = None, accept: MediaType = None) -> Response:
    """One version, whether it is the current one or not."""
    chosen = chosen_format(form, accept)
    with deps.database.reading() as session:
        transcript, source = read_version(session, transcript_id)
    return _in_format(transcript, source, chosen)


@router.get(
    "/v1/transcripts/{transcript_id}/comparison", dependencies=[READ], tags=["recordings"], responses=problems(400, 404)
)
def compare_with(
    transcript_id: str,
    deps: Deps,
    other: Annotated[str, Query(alias="with", description="The transcript that it is compared with.")],
) -> Comparison:
    """How another version of the same recording differs from this one, and where most."""
    with deps.database.reading() as session:
        return compare_versions(session, transcript_id, other)


class Choice(BaseModel):
    """Which version is the current one, and whether it stays so."""

    model_config = ConfigDict(extra="forbid")

    transcript: Name
    pin: bool = False


@dataclass(frozen=True)
class BroughtFields:
    """A transcript as it came."""

    text: str
    form: Format
    digest: str


async def _brought(request: Request, form: FormatQuery = None, content_type: MediaType = None) -> BroughtFields:
    body = await read_body(request, MAX_BYTES)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The transcript is not UTF-8: {error.reason} at byte {error.start}.") from error
    return BroughtFields(text, chosen_format(form, content_type), hashlib.sha256(body).hexdigest())


@router.post(
    "/v1/recordings/{recording_id}/transcripts",
    dependencies=[CORRECT],
    tags=["recordings"],
    status_code=201,
    responses={200: {"model": Version, "description": "It was brought before."}, **problems(400, 404, 409, 422)},
    openapi_extra=BROUGHT,
)
def post_version(
    recording_id: str,
    brought: Annotated[BroughtFields, Depends(_brought)],
    once: Once,
    *,
    pin: Annotated[bool, Query(description="Make it the current one, whatever jobs answer later.")] = False,
    language: Annotated[Name | None, Query(description="Where the transcript does not say it.")] = None,
) -> Version:
    """Bring a transcript that a person or something else has made; the recording's first is its current one.

    The same one again is the version that there is: 200.
    """

    read = transcript_readers.read_transcript(brought.text, brought.form)  # it may take seconds: others write meanwhile
    made = read.model_copy(update={"language": read.language or language})

    def work(session: Session) -> Answer[Version]:
        timed = made.over(show_recording(session, recording_id).duration_ms)
        added = add_version(session, recording_id, timed, pin=pin)
        status = 200 if added.existing else 201
        return Answer(show_version(session, added.id), status, f"/v1/transcripts/{added.id}")

    return once(work, {"pin": pin, "language": language, "format": brought.form}, brought.digest)


@router.post(
    "/v1/recordings/{recording_id}/current",
    dependencies=[CORRECT],
    tags=["recordings"],
    responses=problems(400, 404, 409, 422),
    openapi_extra=json_request(Choice),
)
def choose_version(
    recording_id: str, choice: Annotated[Choice, Depends(json_body(Choice.model_validate))], once: Once
) -> Recording:
    """Make a version the current one. A pinned one stays so; without `pin` the next job's transcript follows it."""

    def work(session: Session) -> Answer[Recording]:
        make_current(session, recording_id, choice.transcript, pin=choice.pin)
        return Answer(show_recording(session, recording_id))

    return once(work, choice.model_dump())


def _in_format(transcript: Transcript, source: str, form: Format) -> Response:
    """With a name for whoever saves it (RFC 6266): percent-encoded, so it cannot end the header."""
    stem = source.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "transcript"
    name = f"inline; filename*=UTF-8''{quote(stem, safe='')}.{form}"
    headers = {"Content-Disposition": name, "Vary": "Accept"}
    return Response(export(transcript.as_json(), form), media_type=MEDIA_TYPES[form], headers=headers)
