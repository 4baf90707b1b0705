"""From segments and their answers to a transcript: whole at the end, partial at any time before."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from worker.database import now_ms
from worker.ids import new_id
from worker.models import Answer, Job, Segment, Transcript
from worker.search.index import add_to_index
from worker.spec import Spec
from worker.states import Origin, SegmentState
from worker.text_words import SEAMLESS

_SEAMLESS = re.compile(f"[{SEAMLESS}]")


@dataclass(frozen=True, kw_only=True)
class SegmentAnswer:
    """One segment as the rows have it, with its answer's fields where there is one."""

    channel: int
    start_ms: int
    end_ms: int
    state: str
    sent_ms: int = 0
    text: str | None = None
    language: str | None = None
    emotion: str | None = None
    model: str | None = None
    flags: Sequence[str] = field(default_factory=tuple)
    gap_code: str | None = None
    gap_message: str | None = None


@dataclass(frozen=True, kw_only=True)
class AssembledTranscript:
    """A transcript's fields as far as its segments give them."""

    text: str
    model: str | None  # the one that gave most of the answers; None without an answer
    language: str | None
    sent_ms: int
    segments: list[dict[str, Any]]
    gaps: list[dict[str, Any]]


def assemble(rows: Iterable[SegmentAnswer], speakers: Mapping[str, str] | None = None) -> AssembledTranscript:
    """The fields of a transcript from its segments, in order of start, then channel; pending ones are left out.

    ``speakers`` are names by the number of a channel.
    """
    names = speakers or {}
    ordered = sorted(rows, key=lambda row: (row.start_ms, row.channel))
    answered = [row for row in ordered if row.state == SegmentState.ANSWERED]
    return AssembledTranscript(
        text=join_texts(row.text or "" for row in answered),
        model=_most_frequent(row.model for row in answered),
        language=_most_frequent(row.language for row in answered if row.text),
        sent_ms=sum(row.sent_ms for row in ordered),
        segments=[_segment(row, names) for row in answered],
        gaps=[_gap(row, names) for row in ordered if row.state == SegmentState.GAP],
    )


def join_texts(texts: Iterable[str]) -> str:
    """The texts in order, with a space between them, but none between two characters of scripts that have none."""
    joined = ""
    for text in filter(None, (text.strip() for text in texts)):
        joined += _gap_between(joined, text) + text
    return joined


def _gap_between(left: str, right: str) -> str:
    if not left or (_SEAMLESS.match(left[-1]) and _SEAMLESS.match(right[0])):
        return ""
    return " "


def _most_frequent(values: Iterable[str | None]) -> str | None:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else None


def speakers_of(job: Job) -> dict[str, str]:
    """The names that the job's transcript shows: none where its channels were mixed, for then nobody's is alone."""
    return Spec.from_json(job.spec).channel_labels if (job.channels or 1) > 1 else {}


def _segment(row: SegmentAnswer, speakers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "speaker": speakers.get(str(row.channel)),
        "start_ms": row.start_ms,
        "end_ms": row.end_ms,
        "text": row.text or "",
        "language": row.language,
        "emotion": row.emotion,
        "flags": list(row.flags),
    }


def _gap(row: SegmentAnswer, speakers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "channel": row.channel,
        "speaker": speakers.get(str(row.channel)),
        "start_ms": row.start_ms,
        "end_ms": row.end_ms,
        "code": row.gap_code,
        "message": row.gap_message,
    }


def read_segments(session: Session, job_id: str) -> list[SegmentAnswer]:
    """A job's segments with their answers, as they are now."""
    rows = session.execute(
        select(Segment, Answer).outerjoin(Answer, Answer.id == Segment.answer_id).where(Segment.job_id == job_id)
    )
    return [_from_row(row) for row in rows]


def _from_row(row: Row[Segment, Answer | None]) -> SegmentAnswer:
    segment, answer = row[0], row[1]
    return SegmentAnswer(
        channel=segment.channel,
        start_ms=segment.start_ms,
        end_ms=segment.end_ms,
        state=segment.state,
        sent_ms=segment.sent_ms,
        text=answer.text if answer else None,
        language=answer.language if answer else None,
        emotion=answer.emotion if answer else None,
        model=answer.model if answer else None,
        flags=sorted({*segment.flags, *(answer.flags if answer else ())}),
        gap_code=segment.gap_code,
        gap_message=segment.gap_message,
    )


def add_transcript(session: Session, job: Job) -> str:
    """Insert the job's transcript, in the transaction that lets the job succeed; the id of the new version."""
    assembled = assemble(read_segments(session, job.id), speakers_of(job))
    spec = Spec.from_json(job.spec)
    fields = {
        **vars(assembled),
        "model": assembled.model or spec.model,
        "language": assembled.language or spec.language,
        "sent_ms": assembled.sent_ms + job.sent_outside_ms,
    }
    transcript_id = new_id()
    session.execute(
        insert(Transcript).values(
            id=transcript_id,
            recording_id=job.recording_id,
            job_id=job.id,
            origin=Origin.JOB,
            service=job.service,
            duration_ms=job.audio_ms or 0,
            recognition_key=job.recognition_key,
            gaps_count=len(assembled.gaps),
            flags_count=sum(bool(segment["flags"]) for segment in assembled.segments),
            created_ms=now_ms(),
            **fields,
        )
    )
    add_to_index(session, transcript_id, job.recording_id, assembled.segments, fields["language"])
    return transcript_id
