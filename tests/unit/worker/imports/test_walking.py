"""A folder's files in an order that can be gone on with."""

from pathlib import Path

import pytest

from worker.imports.walking import is_playlist, is_wanted, sidecar_of, walk

NAMES = ["a/1.wav", "a/b/2.wav", "a/b/3.wav", "a-1.wav", "b.wav", "c/4.wav"]


def fill(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_walk_goes_on_behind_any_name_whatever_was_read_at_once(tmp_path: Path) -> None:
    fill(tmp_path, NAMES)
    whole = list(walk(tmp_path, at_once=2))
    assert sorted(whole) == sorted(NAMES)
    for number, name in enumerate(whole):
        assert list(walk(tmp_path, name, at_once=2)) == whole[number + 1 :]


def test_what_came_behind_the_place_is_found_and_what_is_gone_is_no_matter(tmp_path: Path) -> None:
    fill(tmp_path, NAMES)
    place = "a/b/2.wav"
    (tmp_path / place).unlink()
    fill(tmp_path, ["a/b/2b.wav"])
    assert next(walk(tmp_path, place)) == "a/b/2b.wav"


def test_links_to_folders_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    fill(inside, ["a.wav", ".trash/b.wav", ".c.wav"])
    (inside / "ring").symlink_to(inside)
    (inside / "up").symlink_to(tmp_path)
    assert [name for name in walk(inside) if is_wanted(name, [])] == ["a.wav"]


def test_memory_is_that_of_a_few_names_and_not_of_all(tmp_path: Path) -> None:
    fill(tmp_path, [f"{number:03}.wav" for number in range(95)])
    assert list(walk(tmp_path, at_once=10)) == [f"{number:03}.wav" for number in range(95)]


@pytest.mark.parametrize(
    ("name", "patterns", "wanted"),
    [
        ("a/B.WAV", [], True),
        ("a/b.txt", [], False),
        ("a/b.m3u8", [], True),  # to be refused by name
        ("a/b.dat", ["*.dat"], True),
        ("a/b.wav", ["*.dat"], False),
        ("a/b.wav", ["a/*.wav"], True),
        ("c/b.wav", ["a/*.wav"], False),
        ("a/.b.wav", ["*"], False),
    ],
)
def test_files_are_meant_by_their_names(name: str, patterns: list[str], wanted: bool) -> None:  # a parameter
    assert is_wanted(name, patterns) is wanted


def test_a_sidecar_has_the_name_of_its_recording() -> None:
    assert sidecar_of("mount://calls/a.b/c.wav") == "mount://calls/a.b/c.json"
    assert is_playlist("a/b.M3U")


def test_a_folder_that_becomes_a_link_on_the_way_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "payroll.wav").touch()
    for name in ("a", "b", "c"):
        (tmp_path / "calls" / name).mkdir(parents=True)
        (tmp_path / "calls" / name / "1.wav").touch()
    names = walk(tmp_path / "calls")
    assert next(names) == "a/1.wav"
    (tmp_path / "calls" / "b").rename(tmp_path / "b")
    (tmp_path / "calls" / "b").symlink_to("../secret")
    assert list(names) == ["c/1.wav"]
