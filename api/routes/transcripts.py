"""A job's transcript, in the form that is asked for."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Response

from api.http.dependencies import DoorOf
from api.http.request_headers import chosen_format
from api.requests.docs import problems
from worker.results.export import MEDIA_TYPES, Format, export
from worker.shapes.transcripts import Transcript
from worker.views.transcripts import read_transcript, source_of

router = APIRouter(tags=["transcripts"])
FORMS = {MEDIA_TYPES[form]: {"schema": {"type": "string"}} for form in Format if form != Format.JSON}


@router.get(
    "/v1/jobs/{job_id}/transcript",
    response_model=Transcript,
    responses={200: {"content": FORMS}, **problems(400, 404, 409)},
)
def get_transcript(
    job_id: str,
    door: DoorOf,
    form: Annotated[str | None, Query(alias="format", description="json, txt, srt, vtt or tsv.")] = None,
    accept: Annotated[str | None, Header(description="The same, as a media type.")] = None,
    *,
    partial: Annotated[bool, Query(description="In every state: what is answered so far.")] = False,
) -> Response:
    """The transcript of a job; 409 `not_ready` before its end unless `partial` is asked for."""
    chosen = chosen_format(form, accept)
    with door.database.reading() as session:
        transcript = read_transcript(session, job_id, partial=partial)
        name = source_of(session, job_id)
    headers = {"Content-Disposition": inline(name, chosen), "Vary": "Accept"}
    return Response(export(transcript, chosen), media_type=MEDIA_TYPES[chosen], headers=headers)


def inline(source: str, form: Format) -> str:
    """A name for whoever saves it (RFC 6266): percent-encoded, so it cannot end the header."""
    stem = source.rsplit("/", 1)[-1].rsplit(".", 1)[0] or "transcript"
    return f"inline; filename*=UTF-8''{quote(stem, safe='')}.{form}"
