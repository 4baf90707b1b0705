"""Versions of a recording's transcript: one brought from elsewhere, the current one, and each to be read."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from api.http.bodies import read_body
from api.http.dependencies import DoorOf
from api.http.idempotent_writes import Answer, KeyHeader, checked_key, fingerprint_of, write
from api.http.request_headers import chosen_format
from api.requests.docs import problems, request_body
from api.routes.transcripts import FORMS, inline
from worker.doorway import Session
from worker.errors import InvalidRequest
from worker.results.export import MEDIA_TYPES, Format, export
from worker.results.transcript_readers import read_transcript
from worker.results.versions import add_version, make_current
from worker.shapes.fields import Name, sentence
from worker.shapes.recordings import Recording
from worker.shapes.transcripts import Comparison, Transcript, Version
from worker.strict_json import parse_json
from worker.views.recordings import read_recording, version_view
from worker.views.transcripts import compare_versions, read_version

MAX_BYTES = 32 * 1024**2
router = APIRouter(tags=["recordings"])
BROUGHT = request_body({MEDIA_TYPES[form]: {"type": "string"} for form in Format})


class Choice(BaseModel):
    """Which version is the current one, and whether it stays so."""

    model_config = ConfigDict(extra="forbid")

    transcript: Name
    pin: bool = False


@dataclass(frozen=True)
class Brought:
    """A transcript as it came."""

    text: str
    form: Format
    digest: str


async def _brought(
    request: Request,
    form: Annotated[str | None, Query(alias="format", description="json, txt, srt, vtt or tsv.")] = None,
    content_type: Annotated[str | None, Header(description="The same, as a media type.")] = None,
) -> Brought:
    body = await read_body(request, MAX_BYTES)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The transcript is not UTF-8: {error.reason} at byte {error.start}.") from error
    return Brought(text, chosen_format(form, content_type), hashlib.sha256(body).hexdigest())


async def _chosen(request: Request) -> Choice:
    try:
        return Choice.model_validate(parse_json(await read_body(request)))
    except ValidationError as error:
        raise InvalidRequest(sentence(error.errors())) from error


@router.get(
    "/v1/transcripts/{transcript_id}",
    response_model=Transcript,
    responses={200: {"content": FORMS}, **problems(400, 404)},
)
def get_version(
    transcript_id: str,
    door: DoorOf,
    form: Annotated[str | None, Query(alias="format", description="json, txt, srt, vtt or tsv.")] = None,
    accept: Annotated[str | None, Header(description="The same, as a media type.")] = None,
) -> Response:
    """One version, whether it is the current one or not."""
    chosen = chosen_format(form, accept)
    with door.database.reading() as session:
        transcript, source = read_version(session, transcript_id)
    headers = {"Content-Disposition": inline(source, chosen), "Vary": "Accept"}
    return Response(export(transcript, chosen), media_type=MEDIA_TYPES[chosen], headers=headers)


@router.get("/v1/transcripts/{transcript_id}/comparison", response_model=Comparison, responses=problems(400, 404))
def compare_with(
    transcript_id: str,
    door: DoorOf,
    other: Annotated[str, Query(alias="with", description="The transcript that it is compared with.")],
) -> JSONResponse:
    """How another version of the same recording differs from this one, and where most."""
    with door.database.reading() as session:
        return JSONResponse(compare_versions(session, transcript_id, other))


@router.post(
    "/v1/recordings/{recording_id}/transcripts",
    status_code=201,
    response_model=Version,
    responses={200: {"model": Version, "description": "It was brought before."}, **problems(400, 404, 409, 422)},
    openapi_extra=BROUGHT,
)
def post_version(
    recording_id: str,
    door: DoorOf,
    brought: Annotated[Brought, Depends(_brought)],
    idempotency_key: KeyHeader = None,
    *,
    pin: Annotated[bool, Query(description="Make it the current one, whatever jobs answer later.")] = False,
    language: Annotated[Name | None, Query(description="Where the transcript does not say it.")] = None,
) -> JSONResponse:
    """Bring a transcript that a person or something else has made; the recording's first is its current one.

    The same one again is the version that there is: 200.
    """

    def work(session: Session) -> Answer:
        duration_ms = read_recording(session, recording_id)["duration_ms"]
        read = read_transcript(brought.text, brought.form, duration_ms=duration_ms)
        made = read.model_copy(update={"language": read.language or language})
        added = add_version(session, recording_id, made, pin=pin)
        status = 200 if added.existing else 201
        return Answer(version_view(session, added.id), status, f"/v1/transcripts/{added.id}")

    fields = {"pin": pin, "language": language, "format": brought.form}
    fingerprint = fingerprint_of(f"/v1/recordings/{recording_id}/transcripts", fields, brought.digest)
    return write(door, work, key=checked_key(idempotency_key), fingerprint=fingerprint)


@router.post(
    "/v1/recordings/{recording_id}/current",
    response_model=Recording,
    responses=problems(400, 404, 409, 422),
    openapi_extra=request_body({"application/json": Choice.model_json_schema()}),
)
def choose_version(
    recording_id: str,
    door: DoorOf,
    choice: Annotated[Choice, Depends(_chosen)],
    idempotency_key: KeyHeader = None,
) -> JSONResponse:
    """Make a version the current one. A pinned one stays so; without `pin` the next job's transcript follows it."""

    def work(session: Session) -> Answer:
        make_current(session, recording_id, choice.transcript, pin=choice.pin)
        return Answer(read_recording(session, recording_id))

    fingerprint = fingerprint_of(f"/v1/recordings/{recording_id}/current", choice.model_dump())
    return write(door, work, key=checked_key(idempotency_key), fingerprint=fingerprint)
