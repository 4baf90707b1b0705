"""Recordings: added once for each identity in an archive, and completed with what a decode has shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.claims.claim import Claim, touch
from worker.database import Database, change, clock, upsert
from worker.errors import UnknownRecording
from worker.ids import new_id
from worker.models import Recording

Key = tuple[str, str]  # archive and identity: what makes it the same recording


@dataclass(frozen=True, kw_only=True)
class NewRecording:
    """A recording as it is submitted. ``identity`` is "sha256:…", or a source's URL with size and etag or mtime."""

    archive: str
    identity: str
    source: str
    digest: str | None = None
    source_url: str | None = None
    media_key: str | None = None
    size_bytes: int | None = None
    external_id: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    recorded_ms: int | None = None


@dataclass(frozen=True)
class RecordingRef:
    """A recording's id and its language; ``added``: in this transaction, so that nobody else knows it."""

    id: str
    added: bool
    language: str | None = None


def find_or_add(session: Session, recordings: Sequence[NewRecording]) -> list[RecordingRef]:
    """Each recording by its archive and identity, the rows locked until the transaction ends.

    Two who have the same recordings never wait for one another in a ring: rows are inserted in the order of their
    identities, and locked in the order of their ids.
    """
    new: dict[Key, NewRecording] = {}
    for recording in recordings:
        new.setdefault(_key(recording), recording)
    added = _add(session, new)
    refs = {key: RecordingRef(row_id, added=True, language=new[key].language) for key, row_id in added}
    for archive in sorted({archive for archive, _ in new.keys() - refs.keys()}):
        existing = [identity for where, identity in new if where == archive and (where, identity) not in refs]
        refs |= _lock(session, archive, existing)
    return [refs[_key(recording)] for recording in recordings]


def _key(recording: NewRecording) -> Key:
    return recording.archive, recording.identity


def _add(session: Session, recordings: Mapping[Key, NewRecording]) -> Iterator[tuple[Key, str]]:
    """Those that were not there; their ids are in the order in which they came."""
    now = clock(session)
    ids = {new_id(): key for key in recordings}
    by_identity = sorted(ids, key=lambda row_id: ids[row_id])
    rows = [{"id": row_id, "created_ms": now, **vars(recordings[ids[row_id]])} for row_id in by_identity]
    # Without RETURNING, with which drivers build one statement of all rows, and take three times as long.
    session.execute(upsert(session, Recording).on_conflict_do_nothing(index_elements=["archive", "identity"]), rows)
    for row_id in session.scalars(select(Recording.id).where(Recording.id.in_(ids))):
        yield ids[row_id], row_id


def _lock(session: Session, archive: str, identities: Sequence[str]) -> dict[Key, RecordingRef]:
    same = (Recording.archive == archive, Recording.identity.in_(identities))
    rows = select(Recording.identity, Recording.id, Recording.language).where(*same).order_by(Recording.id)
    locked = session.execute(rows.with_for_update(key_share=True))
    return {(archive, row.identity): RecordingRef(row.id, added=False, language=row.language) for row in locked}


def read_recording(database: Database, recording_id: str) -> Recording:
    """The recording's row; raises UnknownRecording."""
    with database.reading() as session:
        row = session.get(Recording, recording_id)
    if row is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    return row


def newest_recording(session: Session) -> str:
    """The id of the newest recording: what comes after it was not meant by whoever chooses now."""
    return session.scalar(select(func.max(Recording.id))) or ""


def learn(
    database: Database,
    claim: Claim,
    *,
    digest: str | None = None,
    size_bytes: int | None = None,
    auto_channels: str | None = None,
    channels: int | None = None,
) -> None:
    """Note what a fetch or the first 30 s have shown of the claim's recording; raises LeaseLost."""
    facts = {"digest": digest, "size_bytes": size_bytes, "auto_channels": auto_channels, "channels": channels}
    changes = {name: value for name, value in facts.items() if value is not None}
    with database.writing() as session:
        touch(session, claim)
        if changes:
            session.execute(change(Recording).where(Recording.id == claim.recording_id).values(changes))
        session.commit()
