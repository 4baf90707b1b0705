"""Bytes without a recording are removed after a day; all others stay, whoever stores them meanwhile."""

import os
import time
from pathlib import Path

import pytest

from tests.fixtures.rows import SPEC, new_recording
from worker.database import Database
from worker.imports.life import add_import, cancel_import
from worker.imports.listing import manifest_source
from worker.media.store import MediaStore, SavedFile
from worker.processes.housekeeping import sweep_leftovers
from worker.queue import submission

DAY_S = 24 * 3600


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def stored(store: MediaStore, content: bytes, *, age_s: float = 0) -> SavedFile:
    saved = store.save([content], 1000)
    os.utime(store.path(saved.key), (time.time() - age_s,) * 2)
    return saved


def register(database: Database, saved: SavedFile) -> None:
    recording = new_recording(digest=saved.digest, identity=saved.digest, media_key=saved.key)
    with database.writing() as session:
        submission.submit(session, recording, SPEC)
        session.commit()


def test_old_bytes_without_a_recording_are_removed_and_no_others(database: Database, store: MediaStore) -> None:
    kept = [stored(store, bytes([number]), age_s=2 * DAY_S) for number in range(3)]
    for saved in kept:
        register(database, saved)
    left = [stored(store, b"x" * number, age_s=2 * DAY_S) for number in range(3)]
    young = stored(store, b"young", age_s=DAY_S / 2)

    assert sweep_leftovers(database, store, at_once=2) == 3
    assert all(store.path(saved.key).exists() for saved in (*kept, young))
    assert not any(store.path(saved.key).exists() for saved in left)


def test_a_manifest_stays_for_as_long_as_its_import_has_not_ended(database: Database, store: MediaStore) -> None:
    manifest = stored(store, b"url", age_s=2 * DAY_S)
    with database.writing() as session:
        source = manifest_source(manifest.key, "text/csv", copy=False, name=None)
        import_id = add_import(session, "radio", source, None, 1)
        session.commit()
    assert sweep_leftovers(database, store) == 0
    with database.writing() as session:
        cancel_import(session, import_id)
        session.commit()
    assert sweep_leftovers(database, store) == 1


def test_bytes_that_are_stored_again_between_the_look_and_the_sweep_stay(store: MediaStore) -> None:
    old = stored(store, b"again", age_s=2 * DAY_S)
    assert list(store.keys()) == [old.key]
    stored(store, b"again")

    assert not store.discard_old(old.key)
    assert store.path(old.key).exists()


def test_what_is_gone_already_is_no_trouble(store: MediaStore) -> None:
    old = stored(store, b"gone", age_s=2 * DAY_S)
    store.discard(old.key)

    assert not store.discard_old(old.key)
    assert list(store.keys()) == []


def test_files_that_are_none_of_the_stores_are_left_alone(store: MediaStore, tmp_path: Path) -> None:
    foreign = tmp_path / "media" / "ab" / "notes.txt"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    os.utime(foreign, (1, 1))

    assert list(store.keys(0)) == []
