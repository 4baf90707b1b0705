"""Imports that are killed, taken over, cancelled and run beside one another: rows and position always agree."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from tests.fixtures.doors import settings_for, sound
from tests.fixtures.importing import filled_folder
from tests.fixtures.paths import ROOT
from tests.fixtures.waiting import wait_for
from worker.database import Database
from worker.errors import IllegalMove, LeaseLost
from worker.imports import life
from worker.imports.chunks import ImportChunk, keep_chunk
from worker.imports.importer import Importer, ImportPace
from worker.imports.listing import FolderFields
from worker.models import Import, ImportProblem, Recording
from worker.settings import Settings

FILES, BAD = 60, 6
SMALL_CHUNKS = ImportPace(chunk_rows=5)
# A dispatcher's thread, with small chunks and a pause before each file, so that a kill falls between two chunks.
PROGRAM = """
import sys, threading, time
from worker.imports import candidates, importer
from worker.settings import Settings
look = candidates.look_at_source
def slowly(*arguments, **options):
    time.sleep(0.2)
    return look(*arguments, **options)
candidates.look_at_source = slowly
pace = importer.ImportPace(chunk_rows=5)
importer.run_imports(Settings.model_validate_json(sys.argv[1]), threading.Event(), pace=pace)
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    folder = filled_folder(tmp_path / "calls", FILES)
    for number in range(BAD):
        (folder / f"{number:02}5-empty.wav").write_bytes(b"")
    return settings_for(database_url, tmp_path, media_roots=f"calls={folder}")


def begin(database: Database, archive: str = "radio") -> str:
    with database.writing() as session:
        source = FolderFields(folder="mount://calls").source()
        import_id = life.add_import(session, archive, source, None, None)
        session.commit()
    return import_id


def read(database: Database, import_id: str) -> Import:
    with database.reading() as session:
        return life.get_import(session, import_id)


def counted(database: Database, kind: type[Recording] | type[ImportProblem]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def let_the_lease_end(database: Database, import_id: str) -> None:
    with database.writing() as session:
        session.execute(update(Import).where(Import.id == import_id).values(lease_until_ms=0))
        session.commit()


def work(database: Database, settings: Settings) -> None:
    worker = Importer(database, settings, threading.Event(), pace=SMALL_CHUNKS)
    while worker.work():
        pass


def names(database: Database) -> Iterator[str]:
    with database.reading() as session:
        yield from session.scalars(select(Recording.source).order_by(Recording.source))


def test_after_a_kill_rows_and_position_agree_and_the_next_goes_on_behind_them(
    database: Database, settings: Settings
) -> None:
    import_id = begin(database)
    given = settings.model_dump_json(include={"home", "database_url", "media_roots"})
    with subprocess.Popen([sys.executable, "-c", PROGRAM, given], cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: read(database, import_id).rows >= 10, 60)
        process.send_signal(signal.SIGKILL)
    killed = read(database, import_id)
    assert 10 <= killed.rows < FILES + BAD
    assert killed.rows == killed.added + killed.refused
    assert (killed.added, killed.refused) == (counted(database, Recording), counted(database, ImportProblem))
    work(database, settings)
    assert read(database, import_id).rows == killed.rows  # the lease holds still

    let_the_lease_end(database, import_id)
    work(database, settings)
    ended = read(database, import_id)
    assert (ended.status, ended.rows, ended.added, ended.existing, ended.refused) == (
        "succeeded",
        FILES + BAD,
        FILES,
        0,
        BAD,
    )
    assert counted(database, ImportProblem) == BAD
    assert len(set(names(database))) == FILES
    assert ended.fence == killed.fence + 1


def test_importers_that_race_over_one_folder_add_each_recording_once(database: Database, settings: Settings) -> None:
    made = [begin(database) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(work, database, settings) for _ in range(3)]:
            future.result()
    ended = [read(database, import_id) for import_id in made]
    assert {one.status for one in ended} == {"succeeded"}
    assert sum(one.added for one in ended) == counted(database, Recording) == FILES
    assert sum(one.existing for one in ended) == 2 * FILES


def test_whoever_was_presumed_dead_writes_nothing_after_its_successor_s_claim(database: Database) -> None:
    import_id = begin(database)
    first = life.claim_import(database, "first", 60)
    assert first is not None
    assert life.claim_import(database, "second", 60) is None
    let_the_lease_end(database, import_id)
    second = life.claim_import(database, "second", 60)
    assert second is not None
    with pytest.raises(LeaseLost):
        keep_chunk(database, first, "radio", ImportChunk(position="x"), None)
    with pytest.raises(LeaseLost):
        life.renew(database, first)
    with pytest.raises(LeaseLost):
        life.finish(database, first)
    life.renew(database, second)
    assert read(database, import_id).position is None


def test_a_cancelled_import_keeps_what_it_has_and_is_not_gone_on_with(database: Database, settings: Settings) -> None:
    import_id = begin(database)
    claim = life.claim_import(database, "first", 60)
    assert claim is not None
    with database.writing() as session:
        life.cancel_import(session, import_id)
        session.commit()
    with pytest.raises(LeaseLost):
        life.renew(database, claim)
    work(database, settings)
    assert (read(database, import_id).status, counted(database, Recording)) == ("cancelled", 0)
    with database.writing() as session, pytest.raises(IllegalMove):
        life.cancel_import(session, import_id)


def test_a_dispatcher_that_goes_down_gives_its_import_back_at_once(database: Database, settings: Settings) -> None:
    import_id = begin(database)
    stop = threading.Event()
    stop.set()
    Importer(database, settings, stop, pace=SMALL_CHUNKS).work()
    assert read(database, import_id).status == "queued"
    work(database, settings)
    assert read(database, import_id).status == "succeeded"


def test_a_folder_that_is_not_there_fails_the_import_with_a_sentence(database: Database, settings: Settings) -> None:
    with database.writing() as session:
        source = FolderFields(folder="mount://calls/none").source()
        import_id = life.add_import(session, "radio", source, None, None)
        session.commit()
    work(database, settings)
    failed = read(database, import_id)
    assert failed.error is not None
    assert (failed.status, failed.error["code"]) == ("failed", "source_missing")


def test_names_of_one_manifest_never_belong_to_two_sources_however_they_race(
    database: Database, settings: Settings
) -> None:
    folder = settings.roots["calls"]
    (folder / "other").mkdir()
    (folder / "other" / "000.wav").write_bytes(sound(20_000))
    made = []
    for path in ("mount://calls/", "mount://calls/other"):
        with database.writing() as session:
            source = FolderFields(folder=path, naming="{external_id}.wav", patterns=["000.wav"]).source()
            made.append(life.add_import(session, "radio", source, None, None))
            session.commit()
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, database, settings) for _ in range(2)]:
            future.result()
    ended = [read(database, import_id) for import_id in made]
    assert sum(one.added for one in ended) == 1
    assert sum(one.refused for one in ended) >= 1
