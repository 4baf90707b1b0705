"""Keeping a chunk of an import: its recordings, jobs and problems, and how far it is, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.database import Database
from worker.errors import DuplicateExternalId, LanguageNotSupported, SourceChanged
from worker.imports.candidates import Candidate, Refused
from worker.imports.life import ImportClaim, shown, touch
from worker.imports.matching import House, house_of, lock_archive, settle
from worker.models import Import, ImportProblem
from worker.queue.submission import Submission, check_language, submit_many
from worker.recordings import NewRecording, find_or_add
from worker.spec import Spec


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to be done with the recordings of an import: a job for each, as part of a batch."""

    spec: Spec
    batch_id: str
    own_languages: frozenset[str]

    def check(self, language: str | None) -> None:
        """Raises LanguageNotSupported where a job in the recording's own language could not be."""
        if language and self.own_languages:
            check_language(language, self.own_languages, self.spec.service)

    def submission(self, recording: NewRecording) -> Submission:
        return Submission(
            recording=recording,
            spec=self.spec,
            batch_id=self.batch_id,
            external_id=recording.external_id,
            labels=recording.labels,
            own_languages=self.own_languages,
        )


@dataclass(kw_only=True)
class Chunk:
    """Rows that are kept together; ``position`` is where the import goes on behind them."""

    position: str
    candidates: list[Candidate] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def keep_chunk(database: Database, claim: ImportClaim, archive: str, chunk: Chunk, wish: Wish | None) -> None:
    """Keep it whole or not at all. Raises LeaseLost where somebody else has the import, or has cancelled it."""
    with database.writing() as session:
        touch(session, claim)
        lock_archive(session, archive)
        good, refused = _match(session, archive, chunk, wish)
        added = _add(session, good, wish)
        _add_problems(session, claim.import_id, [*chunk.refused, *refused])
        counted = {
            "rows": Import.rows + len(chunk.candidates) + len(chunk.refused),
            "added": Import.added + added,
            "existing": Import.existing + len(good) - added,
            "refused": Import.refused + len(chunk.refused) + len(refused),
        }
        touch(session, claim, position=chunk.position, **counted)
        session.commit()


def _match(session: Session, archive: str, chunk: Chunk, wish: Wish | None) -> tuple[list[NewRecording], list[Refused]]:
    house = house_of(session, archive, [one.recording for one in chunk.candidates])
    good: list[NewRecording] = []
    refused: list[Refused] = []
    for one in chunk.candidates:
        try:
            good.append(_placed(session, house, one.recording, wish))
        except (DuplicateExternalId, LanguageNotSupported, SourceChanged) as error:
            refused.append(_refused(one, error))
    return good, refused


def _placed(session: Session, house: House, new: NewRecording, wish: Wish | None) -> NewRecording:
    """It, as it is known from now on. Raises what it is refused for, and then nothing was written of it."""
    if wish is not None:
        wish.check(new.language)
    match = house.match(new)
    if wish is not None and match.known.id is not None:
        wish.check(match.known.described["language"])
    return settle(session, match, new)


def _refused(one: Candidate, error: CodedError) -> Refused:
    return Refused(line=one.item.line, name=one.item.name, error=error)


def _add(session: Session, recordings: Sequence[NewRecording], wish: Wish | None) -> int:
    """Add those that are new, and the jobs; how many recordings were added."""
    if not recordings:
        return 0
    found = find_or_add(session, recordings)
    if wish is not None:
        submit_many(session, [wish.submission(one) for one in recordings])
    return len({one.id for one in found if one.added})


def _add_problems(session: Session, import_id: str, refused: Iterable[Refused]) -> None:
    in_order = sorted(refused, key=lambda one: one.line)
    if in_order:
        rows = [{"line": one.line, "name": one.name, "error": shown(one.error)} for one in in_order]
        session.execute(insert(ImportProblem), [{"import_id": import_id, **row} for row in rows])
