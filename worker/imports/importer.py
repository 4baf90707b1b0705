"""The work of imports: a thread beside the dispatcher that takes one after the other, a chunk at a time.

Several dispatchers may do so. One that is killed leaves its import with a lease that ends; the next goes on behind the
last chunk that was kept.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from realtime.protocol.errors import CodedError
from worker.archive_rules import rules_of
from worker.database import DATABASE_AWAY, Database
from worker.errors import (
    AttemptEnded,
    DatabaseUnavailable,
    LeaseLost,
    SourceUnreachable,
    Stopping,
    StorageFailed,
    UnexpectedError,
)
from worker.ids import process_name
from worker.imports import life
from worker.imports.candidates import CandidateReader, ImportCandidate, RefusedRow
from worker.imports.chunks import ImportChunk, ImportJobs, keep_chunk
from worker.imports.life import ImportClaim, get_import
from worker.imports.listing import ListedItem, list_items
from worker.media.store import MediaStore
from worker.models import Import
from worker.services.lookup import Services
from worker.settings import Settings

Result = TypeVar("Result")
log = structlog.get_logger(__name__)

LOOKS_AT_ONCE = 16
IDLE_S = 1.0
BEAT_S = 0.5
LATER_S = 10.0
RESTS: tuple[type[Exception], ...] = (
    *DATABASE_AWAY,
    AttemptEnded,
)  # while it was being given back: its lease ends by itself
PASSING = (SourceUnreachable, StorageFailed)


@dataclass(frozen=True, kw_only=True)
class ImportPace:
    """Rows that are kept together, and seconds between the two looks at a file that may still grow."""

    chunk_rows: int = 1000
    copied_rows: int = 16  # copying takes long: what is copied is kept soon
    look_again_s: float = 1.0


USUAL_PACE = ImportPace()


class Importer:
    """Works at imports until ``stop`` is set."""

    def __init__(
        self, database: Database, settings: Settings, stop: threading.Event, *, pace: ImportPace = USUAL_PACE
    ) -> None:
        self._database = database
        self._settings = settings
        self._stop = stop
        self._pace = pace
        self._name = process_name()

    def work(self) -> bool:
        """Work at one import, if one is due; whether one was."""
        claim = life.claim_import(self._database, self._name, self._settings.lease_s)
        if claim is None:
            return False
        with structlog.contextvars.bound_contextvars(import_id=claim.import_id, fence=claim.fence):
            self._attempt(claim)
        return True

    def _attempt(self, claim: ImportClaim) -> None:
        try:
            ImportAttempt(self._database, self._settings, self._stop, claim, self._pace).run()
            life.finish(self._database, claim)
            log.info("an import has come to its end")
        except LeaseLost:
            log.info("an import was cancelled, or somebody else goes on with it")
        except Stopping:
            life.requeue(self._database, claim)
        except PASSING as error:
            self._later(claim, error)
        except DBAPIError as error:
            self._later(claim, DatabaseUnavailable(f"A chunk could not be kept ({type(error).__name__})."))
        except CodedError as error:
            log.warning("an import has failed", code=error.code, error=error.message)
            life.fail(self._database, claim, error)
        except Exception:  # the thread's edge: a defect must not stop the imports behind this one
            log.exception("an import met a defect and has failed")
            life.fail(self._database, claim, UnexpectedError())

    def _later(self, claim: ImportClaim, error: CodedError) -> None:
        log.warning("an import waits, and goes on behind what is kept", code=error.code, retry_in_s=LATER_S)
        life.requeue(self._database, claim, error, due_in_s=LATER_S)


class ImportAttempt:
    """One claim's work at one import."""

    def __init__(
        self, database: Database, settings: Settings, stop: threading.Event, claim: ImportClaim, pace: ImportPace
    ) -> None:
        self._database = database
        self._settings = settings
        self._services = Services(settings)
        self._stop = stop
        self._claim = claim
        self._pace = pace
        self._row = self._read()
        self._store = MediaStore(settings.resolved_media_dir)
        self._over = threading.Event()  # the claim is: what still copies ends
        self._renewed_at = time.monotonic()
        self._preparer = CandidateReader(settings, self._store, self._row.archive, self._row.source, self._go_on)

    def run(self) -> None:
        """To the end of the listing. Raises what stands in the way."""
        at_once = self._pace.copied_rows if self._row.source.get("copy") else self._pace.chunk_rows
        items = list_items(self._row.source, self._settings, self._store, self._row.position, self._row.rows)
        with ThreadPoolExecutor(LOOKS_AT_ONCE, "import") as pool:
            try:
                for few in _chunks(self._watched(items), at_once):
                    chunk = self._prepare(pool, few)
                    keep_chunk(self._database, self._claim, self._row.archive, chunk, self._jobs())
            finally:
                self._over.set()
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self) -> Import:
        with self._database.reading() as session:
            return get_import(session, self._claim.import_id)

    def _jobs(self) -> ImportJobs | None:
        """Looked up for each chunk: an archive's rules may have become stricter."""
        options, batch_id = self._row.options, self._row.batch_id
        if options is None or batch_id is None:
            return None
        with self._database.reading() as session:
            rules = rules_of(session, self._row.archive)
        return ImportJobs(requested=rules.requested(options, self._services), batch_id=batch_id)

    def _prepare(self, pool: ThreadPoolExecutor, items: Sequence[ListedItem]) -> ImportChunk:
        futures = [pool.submit(self._preparer.prepare, item) for item in items]
        found = [self._awaited(future) for future in futures]
        candidates = [one for one in found if isinstance(one, ImportCandidate)]
        refused = [one for one in found if isinstance(one, RefusedRow)]
        return ImportChunk(position=items[-1].position, candidates=self._settled(pool, candidates), refused=refused)

    def _settled(self, pool: ThreadPoolExecutor, candidates: list[ImportCandidate]) -> list[ImportCandidate]:
        """Those that have stopped growing, where files are taken that somebody may still write."""
        if not candidates or not self._row.source.get("settle_s"):
            return candidates
        self._stop.wait(self._pace.look_again_s)
        futures = [pool.submit(self._preparer.is_same_still, one) for one in candidates]
        return [one for one, future in zip(candidates, futures, strict=True) if self._awaited(future)]

    def _awaited(self, future: "Future[Result]") -> Result:
        while not wait([future], BEAT_S).done:
            self._beat()
        return future.result()

    def _watched(self, items: Iterator[ListedItem]) -> Iterator[ListedItem]:
        for item in items:
            self._beat()
            yield item

    def _beat(self) -> None:
        """Say that it is being worked at. Raises LeaseLost, also where it was cancelled, and Stopping."""
        if self._stop.is_set():
            raise Stopping("the dispatcher goes down")
        if time.monotonic() - self._renewed_at >= self._settings.renew_s:
            life.renew(self._database, self._claim)
            self._renewed_at = time.monotonic()

    def _go_on(self, _size: int) -> None:
        if self._over.is_set() or self._stop.is_set():
            raise Stopping("the import is not worked at any more")


def _chunks(items: Iterator[ListedItem], at_once: int) -> Iterator[list[ListedItem]]:
    while few := list(islice(items, at_once)):
        yield few


def run_imports(settings: Settings, stop: threading.Event, *, pace: ImportPace = USUAL_PACE) -> None:
    """Work at imports until ``stop`` is set, whatever comes and goes meanwhile."""
    with closing(Database(settings.resolved_database_url, pool_size=2)) as database:
        importer = Importer(database, settings, stop, pace=pace)
        while not stop.is_set():
            if not _work(importer):
                stop.wait(IDLE_S)


def _work(importer: Importer) -> bool:
    """Whether there was something to do, and it could be done."""
    try:
        return importer.work()
    except RESTS as error:
        why = type(error).__name__
        log.warning("an import's lease ends by itself; it goes on behind what is kept", error=why)
        return False
