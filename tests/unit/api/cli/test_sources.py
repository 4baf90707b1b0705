from pathlib import Path

from api.cli.sources import Source, find_sources


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_a_folder_stands_for_the_recordings_in_it_and_below_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.wav", "a.MP3", "deep/er/c.ogg", "notes.txt", ".hidden.wav", ".git/d.wav")
    found, missing = find_sources([tmp_path])
    assert [str(source.relative) for source in found] == ["a.MP3", "b.wav", "deep/er/c.ogg"]
    assert not missing


def test_a_file_that_is_named_itself_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    touch(tmp_path, "tape.bin")
    found, _ = find_sources([tmp_path / "tape.bin"])
    assert found == [Source(tmp_path / "tape.bin", Path("tape.bin"))]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    found, _ = find_sources([tmp_path / "a.wav", tmp_path, tmp_path / "a.wav"])
    assert len(found) == 1


def test_what_gives_no_recording_is_named_with_what_to_do_and_stops_no_other(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "empty/readme.md")
    found, missing = find_sources([tmp_path / "gone.wav", tmp_path / "empty", tmp_path / "a.wav"])
    assert [source.path.name for source in found] == ["a.wav"]
    assert [(one.path.name, one.message.split(":")[0]) for one in missing] == [
        ("gone.wav", "there is no such file or folder"),
        ("empty", "the folder holds no recordings"),
    ]
