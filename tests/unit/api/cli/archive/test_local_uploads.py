"""Files of this machine that are to be brought into an archive."""

from pathlib import Path

from api.cli.archive.local_uploads import expect_local, find_local, size_of
from api.cli.sources import Source
from tests.fixtures.doors import sound
from tests.fixtures.unreadable import Lock


def folder(tmp_path: Path, *names: str) -> list[Source]:
    for number, name in enumerate(names):
        (tmp_path / name).write_bytes(sound(number))
    return find_local([tmp_path], [])


def test_what_cannot_be_read_would_be_refused_and_the_others_are_counted(tmp_path: Path, lock: Lock) -> None:
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere")
    files = folder(tmp_path, "a.wav", "b.wav")
    lock(tmp_path / "b.wav")
    seen = expect_local(files)
    assert (seen.recordings, seen.refused, seen.audio_ms) == (1, 2, 100)
    assert {file.path.name: size_of(file) for file in files} == {
        "a.wav": len(sound()),
        "b.wav": len(sound()),
        "gone.wav": 0,
    }
