"""What a service said, kept for good: looked up before audio is sent, so that nothing is paid for twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, insert, select
from sqlalchemy.orm import Session

from worker.database import Database, now_ms
from worker.models import Answer
from worker.statements import bindings, bound, execute


@dataclass(frozen=True, kw_only=True)
class NewAnswer:
    """An answer as it came. ``channel`` is "mix" or the channel's number; ``model`` is the one that answered."""

    recognition_key: str
    digest: str  # the recording's SHA-256
    channel: str
    start_ms: int
    end_ms: int
    pcm_sha256: str
    text: str
    language: str | None
    emotion: str | None
    model: str
    usage: Any = None  # JSON of any shape
    flags: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """An answer that was found."""

    id: int
    text: str
    model: str


def _newest_first(*names: str) -> Select[int, str, str, list[Any]]:
    """Answers by these columns, bound under their own names. Made once: to build it costs more than to run it."""
    conditions = (getattr(Answer, name) == bindparam(name) for name in names)
    return select(Answer.id, Answer.text, Answer.model, Answer.flags).where(*conditions).order_by(Answer.id.desc())


_BY_PLACE = _newest_first("digest", "recognition_key", "channel", "start_ms", "end_ms")
_BY_PCM = _newest_first("pcm_sha256", "recognition_key")
_ADDING = insert(Answer).values(created_ms=now_ms(), **bound(Answer, NewAnswer.__annotations__)).returning(Answer.id)


def look_up(
    database: Database, *, recognition_key: str, digest: str, channel: str, start_ms: int, end_ms: int
) -> StoredAnswer | None:
    """The latest unflagged answer for this place in these bytes."""
    place = {"digest": digest, "channel": channel, "start_ms": start_ms, "end_ms": end_ms}
    return _latest(database, _BY_PLACE, {**place, "recognition_key": recognition_key})


def look_up_pcm(database: Database, recognition_key: str, pcm_sha256: str) -> StoredAnswer | None:
    """The latest unflagged answer for exactly this audio, wherever it was heard."""
    return _latest(database, _BY_PCM, {"pcm_sha256": pcm_sha256, "recognition_key": recognition_key})


def _latest(database: Database, query: Select[int, str, str, list[Any]], by: dict[str, Any]) -> StoredAnswer | None:
    with database.reading() as session:
        answers = execute(session, query, by)
        found = next((answer for answer in answers if not answer.flags), None)
    return StoredAnswer(id=found.id, text=found.text, model=found.model) if found else None


def is_answered(session: Session, answer: NewAnswer) -> bool:
    """Whether this very audio has an answer by now: then two have sent it, and neither could know of the other."""
    same = {"pcm_sha256": answer.pcm_sha256, "recognition_key": answer.recognition_key}
    return any(not found.flags for found in execute(session, _BY_PCM, same))


def add_answer(session: Session, answer: NewAnswer) -> int:
    """Insert the answer in the transaction of the segment that it is for; its id."""
    values = {**vars(answer), "flags": list(answer.flags)}
    added: int = execute(session, _ADDING, bindings(values)).scalar_one()
    return added
