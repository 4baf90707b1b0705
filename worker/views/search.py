"""What was found in the current transcripts, as JSON."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from worker.search.index import Hit, SearchFilter, find
from worker.search.query import Term, parse, snippet
from worker.views.pages import Page, Window, paged
from worker.views.times import iso


def search(session: Session, query: str, where: SearchFilter, window: Window) -> Page:
    """A page of hits, newest first; raises InvalidRequest for a query that cannot be read."""
    terms = parse(query)
    before = None if window.before is None else int(window.before, 16)
    found = find(session, terms, where, before=before, limit=window.limit + 1)
    return paged([_view(hit, terms) for hit in found], window)


def _view(hit: Hit, terms: Sequence[Term]) -> dict[str, Any]:
    segment, recording, text = hit.segment, hit.recording, hit.text
    return {
        "id": f"{hit.row.id:032x}",  # as long as other ids, so that pages are turned as others are
        "recording": recording.id,
        "external_id": recording.external_id,
        "source": recording.source,
        "archive": recording.archive,
        "recorded_at": iso(recording.recorded_ms),
        "transcript": hit.row.transcript_id,
        "segment": {
            "channel": segment["channel"],
            "speaker": segment.get("speaker"),
            "start_ms": segment["start_ms"],
            "end_ms": segment["end_ms"],
            "language": hit.row.language,
            "text": text,
        },
        "snippet": snippet(text, terms),
    }
