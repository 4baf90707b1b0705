"""Keeping a chunk of an import: its recordings, jobs and problems, and how far it is, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import insert
from sqlalchemy.orm import Session

from realtime.protocol.errors import CodedError
from worker.database import Database
from worker.errors import DuplicateExternalId, LanguageNotSupported, SourceChanged
from worker.imports.candidates import ImportCandidate, RefusedRow
from worker.imports.life import ImportClaim, shown, touch
from worker.imports.matching import ArchiveIndex, apply_match, archive_index, lock_archive
from worker.models import Import, ImportProblem
from worker.queue.submission import Submission, submit_many
from worker.recordings import NewRecording, find_or_add
from worker.spec import RequestedSpec


@dataclass(frozen=True, kw_only=True)
class ImportJobs:
    """What is to be done with the recordings of an import: a job for each, as part of a batch."""

    requested: RequestedSpec
    batch_id: str

    def check(self, language: str | None) -> None:
        """Raises LanguageNotSupported where a job in the recording's own language could not be."""
        self.requested.in_language(language)

    def submission(self, recording: NewRecording) -> Submission:
        return Submission(
            recording=recording,
            batch_id=self.batch_id,
            external_id=recording.external_id,
            labels=recording.labels,
            **self.requested._asdict(),
        )


@dataclass(kw_only=True)
class ImportChunk:
    """Rows that are kept together; ``position`` is where the import goes on behind them."""

    position: str
    candidates: list[ImportCandidate] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)


def keep_chunk(
    database: Database, claim: ImportClaim, archive: str, chunk: ImportChunk, jobs: ImportJobs | None
) -> None:
    """Keep it whole or not at all. Raises LeaseLost where somebody else has the import, or has cancelled it."""
    with database.writing() as session:
        touch(session, claim)
        lock_archive(session, archive)
        good, refused = _match(session, archive, chunk, jobs)
        added = _add(session, good, jobs)
        _add_problems(session, claim.import_id, [*chunk.refused, *refused])
        counted = {
            "rows": Import.rows + len(chunk.candidates) + len(chunk.refused),
            "added": Import.added + added,
            "existing": Import.existing + len(good) - added,
            "refused": Import.refused + len(chunk.refused) + len(refused),
        }
        touch(session, claim, position=chunk.position, **counted)
        session.commit()


def _match(
    session: Session, archive: str, chunk: ImportChunk, jobs: ImportJobs | None
) -> tuple[list[NewRecording], list[RefusedRow]]:
    index = archive_index(session, archive, [one.recording for one in chunk.candidates])
    good: list[NewRecording] = []
    refused: list[RefusedRow] = []
    for one in chunk.candidates:
        try:
            good.append(_matched(session, index, one.recording, jobs))
        except (DuplicateExternalId, LanguageNotSupported, SourceChanged) as error:
            refused.append(_refused(one, error))
    return good, refused


def _matched(session: Session, index: ArchiveIndex, new: NewRecording, jobs: ImportJobs | None) -> NewRecording:
    """The recording as the archive has it from now on. Raises why it is refused, and then nothing was written."""
    if jobs is not None:
        jobs.check(new.language)
    match = index.match(new)
    if jobs is not None and match.existing.id is not None:
        jobs.check(match.existing.described["language"])
    return apply_match(session, match, new)


def _refused(one: ImportCandidate, error: CodedError) -> RefusedRow:
    return RefusedRow(line=one.item.line, name=one.item.name, error=error)


def _add(session: Session, recordings: Sequence[NewRecording], jobs: ImportJobs | None) -> int:
    """Add those that are new, and the jobs; how many recordings were added."""
    if not recordings:
        return 0
    found = find_or_add(session, recordings)
    if jobs is not None:
        submit_many(session, [jobs.submission(one) for one in recordings])
    return len({one.id for one in found if one.added})


def _add_problems(session: Session, import_id: str, refused: Iterable[RefusedRow]) -> None:
    in_order = sorted(refused, key=lambda one: one.line)
    if in_order:
        rows = [{"line": one.line, "name": one.name, "error": shown(one.error)} for one in in_order]
        session.execute(insert(ImportProblem), [{"import_id": import_id, **row} for row in rows])
