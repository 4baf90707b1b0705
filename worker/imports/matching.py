"""Whether a recording that comes is new, is there, or has only another URL now, and what the archive keeps of it then.

Imports and persons who bring or describe one recording go by the same rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from worker.database import change
from worker.errors import DuplicateExternalId, SourceChanged, UnknownRecording
from worker.media import identities
from worker.models import Recording
from worker.recordings import NewRecording, RecordingRef, find_or_add


class Verdict(Enum):
    NEW = "new"
    THERE = "there"
    RENEWED = "renewed"  # there, under a URL that is signed anew


@dataclass(frozen=True, kw_only=True)
class ExistingRecording:
    """A recording of the archive; without an id it is one of those that are being kept."""

    id: str | None
    identity: str
    source: str
    digest: str | None
    described: dict[str, Any]  # external_id, labels, language, recorded_ms

    @property
    def external_id(self) -> str | None:
        named: str | None = self.described["external_id"]
        return named


@dataclass(frozen=True)
class Match:
    """What is to be done with a recording; ``existing`` is the one that is there, ``fills`` what it did not have."""

    verdict: Verdict
    existing: ExistingRecording
    fills: dict[str, Any] = field(default_factory=dict)


class ArchiveIndex:
    """What an archive has, as far as it concerns the recordings that come; it takes each of them in."""

    def __init__(self, recordings: Iterable[ExistingRecording]) -> None:
        self._by_identity: dict[str, ExistingRecording] = {}
        self._by_name: dict[str, list[ExistingRecording]] = {}
        for recording in recordings:
            self._add(recording)

    def match(self, new: NewRecording) -> Match:
        """Raises DuplicateExternalId, SourceChanged."""
        same = self._by_identity.get(new.identity)
        named = self._by_name.get(new.external_id, []) if new.external_id else []
        if same is not None:
            return self._filled(Verdict.THERE, _checked(same, named, new), new)
        if not named:
            return Match(Verdict.NEW, self._add(_as_existing(new)))
        renewed = next((one for one in named if one.source == new.source), None)
        if renewed is None:
            raise DuplicateExternalId(f"The external id {new.external_id!r} is that of {named[0].source} already.")
        return self._renewed(renewed, new)

    def _renewed(self, same: ExistingRecording, new: NewRecording) -> Match:
        if _has_changed(same, new):
            raise SourceChanged(f"{new.source} is not what {new.external_id!r} was: give it another external id.")
        if identities.state_of(same.identity) is None or identities.state_of(new.identity) is None:
            # it was copied, and is named in place now, or the other way round
            return self._filled(Verdict.THERE, same, new)
        self._add(replace(same, identity=new.identity))
        return self._filled(Verdict.RENEWED, same, new)

    def _filled(self, verdict: Verdict, existing: ExistingRecording, new: NewRecording) -> Match:
        offered = {name: getattr(new, name) for name in existing.described}
        fills = {name: value for name, value in offered.items() if value and not existing.described[name]}
        if fills:
            self._add(replace(existing, described=existing.described | fills))
        return Match(verdict, existing, fills)

    def _add(self, recording: ExistingRecording) -> ExistingRecording:
        self._by_identity[recording.identity] = recording
        if recording.external_id:
            named = self._by_name.get(recording.external_id, [])
            others = [other for other in named if other.identity != recording.identity]
            self._by_name[recording.external_id] = [*others, recording]
        return recording


def _checked(existing: ExistingRecording, named: list[ExistingRecording], new: NewRecording) -> ExistingRecording:
    """The recording that is there, unless one of the two has its external id from another."""
    if named and all(one.identity != existing.identity for one in named):
        raise DuplicateExternalId(f"The external id {new.external_id!r} is that of {named[0].source} already.")
    if new.external_id and existing.external_id not in {None, new.external_id}:
        raise DuplicateExternalId(f"The recording is there under the external id {existing.external_id!r} already.")
    return existing


def _has_changed(same: ExistingRecording, new: NewRecording) -> bool:
    old, now = identities.state_of(same.identity), identities.state_of(new.identity)
    if old is not None and now is not None:
        return old.contradicts(now)
    return None not in {same.digest, new.digest} and same.digest != new.digest


def _as_existing(new: NewRecording) -> ExistingRecording:
    described = {name: getattr(new, name) for name in ("external_id", "labels", "language", "recorded_ms")}
    return ExistingRecording(id=None, identity=new.identity, source=new.source, digest=new.digest, described=described)


def lock_archive(session: Session, archive: str) -> None:
    """Until the commit nobody else names recordings of the archive: two must not get the same external id."""
    if session.get_bind().dialect.name != "sqlite":  # there the transaction has the write lock from its start
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"archive:{archive}", 0))))


def archive_index(session: Session, archive: str, recordings: Sequence[NewRecording]) -> ArchiveIndex:
    """What the archive has under the identities and external ids of these recordings."""
    alike = Recording.identity.in_({one.identity for one in recordings})
    names = Recording.external_id.in_({one.external_id for one in recordings if one.external_id})
    return ArchiveIndex([*_existing(session, archive, names), *_existing(session, archive, alike)])


def apply_match(session: Session, match: Match, new: NewRecording) -> NewRecording:
    """Write what a recording that is there gets of the one that comes; it, as it is known from now on."""
    changes: dict[str, Any] = dict(match.fills)
    if match.verdict is Verdict.RENEWED:
        changes |= {"identity": new.identity, "source_url": new.source_url}
    if changes and match.existing.id is not None:
        session.execute(change(Recording).where(Recording.id == match.existing.id).values(changes))
    return new if match.verdict is not Verdict.THERE else replace(new, identity=match.existing.identity)


def _existing(session: Session, archive: str, same: ColumnElement[bool]) -> Iterable[ExistingRecording]:
    for row in session.scalars(select(Recording).where(Recording.archive == archive, same).order_by(Recording.id)):
        described = {name: getattr(row, name) for name in ("external_id", "labels", "language", "recorded_ms")}
        yield ExistingRecording(
            id=row.id, identity=row.identity, source=row.source, digest=row.digest, described=described
        )


def add_recording(session: Session, recording: NewRecording) -> RecordingRef:
    """Add it, or find it by its bytes and fill in what was not known. Raises DuplicateExternalId, SourceChanged."""
    lock_archive(session, recording.archive)
    match = archive_index(session, recording.archive, [recording]).match(recording)
    return find_or_add(session, [apply_match(session, match, recording)])[0]


def describe(session: Session, recording_id: str, changes: Mapping[str, Any]) -> None:
    """Change what its owner says of a recording. Raises UnknownRecording, DuplicateExternalId."""
    archive = session.scalar(select(Recording.archive).where(Recording.id == recording_id))
    if archive is None:
        raise UnknownRecording(f"There is no recording {recording_id!r}.")
    lock_archive(session, archive)
    if external_id := changes.get("external_id"):
        same = (Recording.archive == archive, Recording.external_id == external_id, Recording.id != recording_id)
        if other := session.scalar(select(Recording.source).where(*same).limit(1)):
            raise DuplicateExternalId(f"The external id {external_id!r} is that of {other} already.")
    if changes:
        session.execute(change(Recording).where(Recording.id == recording_id).values(dict(changes)))
