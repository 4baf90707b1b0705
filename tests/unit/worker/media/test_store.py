"""The media store: whole files or none, named by what is in them."""

import hashlib
import io
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.audio.sniff import HEAD_BYTES
from worker.errors import StorageFailed, UploadTooLarge
from worker.media.store import INCOMING, MediaStore

BYTES = bytes(range(256)) * 200


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "media").rglob("*") if path.is_file()]


def test_what_is_saved_is_found_under_its_digest(store: MediaStore) -> None:
    saved = store.save([BYTES[:1000], BYTES[1000:]], len(BYTES))
    digest = hashlib.sha256(BYTES).hexdigest()
    assert (saved.digest, saved.size_bytes, saved.key) == (digest, len(BYTES), f"{digest[:2]}/{digest}")
    assert saved.head == BYTES[:HEAD_BYTES]
    assert store.path(saved.key).read_bytes() == BYTES


def test_a_file_object_is_read_to_its_end(store: MediaStore) -> None:
    assert store.save(io.BytesIO(BYTES), len(BYTES)).size_bytes == len(BYTES)


def test_the_same_bytes_twice_are_one_file(store: MediaStore, tmp_path: Path) -> None:
    assert store.save([BYTES], 10**6) == store.save([BYTES[:7], BYTES[7:]], 10**6)
    assert len(files(tmp_path)) == 1


def test_no_bytes_are_a_file_too(store: MediaStore) -> None:
    saved = store.save([], 10)
    assert (saved.size_bytes, saved.head, store.path(saved.key).read_bytes()) == (0, b"", b"")


def test_a_byte_too_many_is_refused_while_it_streams(store: MediaStore, tmp_path: Path) -> None:
    endless = iter(lambda: b"x" * 1000, b"")
    with pytest.raises(UploadTooLarge, match="larger than 5000 bytes"):
        store.save(endless, 5000)
    assert files(tmp_path) == []


def test_a_stream_that_breaks_leaves_nothing_behind(store: MediaStore, tmp_path: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield BYTES
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        store.save(broken(), 10**6)
    assert files(tmp_path) == []


def test_what_a_dead_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    MediaStore(tmp_path / "media")
    old, new = tmp_path / "media" / INCOMING / "old", tmp_path / "media" / INCOMING / "new"
    for path in (old, new):
        path.write_bytes(b"half")
    yesterday = time.time() - 25 * 3600
    os.utime(old, (yesterday, yesterday))
    MediaStore(tmp_path / "media")
    assert files(tmp_path) == [new]


def test_discarding_removes_and_does_not_mind_a_second_time(store: MediaStore, tmp_path: Path) -> None:
    saved = store.save([BYTES], 10**6)
    store.discard(saved.key)
    store.discard(saved.key)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "key", ["", "../../etc/passwd", "ab/" + "cd" * 32, "AB/" + "AB" * 32, "ab/" + "ab" * 32 + "\n"]
)
def test_a_key_that_is_none_of_ours_leads_nowhere(store: MediaStore, key: str) -> None:
    with pytest.raises(StorageFailed, match="not valid"):
        store.path(key)


def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be used"):
        MediaStore(tmp_path / "file" / "media")
