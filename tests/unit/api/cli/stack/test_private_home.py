import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.stack.private_home import close_home, in_private, is_open, only_owner


@pytest.fixture(params=[0o022, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_what_is_made_meanwhile_is_the_owner_s_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    with only_owner():
        within = write(tmp_path / "within" / "file")
    assert (mode(within), mode(within.parent)) == (0o600, 0o700)
    assert mode(write(tmp_path / "after")) == 0o666 & ~umask


def test_a_process_keeps_to_the_owner_and_gives_back_what_it_says(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path / "home"))
    assert in_private(lambda name: mode(write(tmp_path / "home" / name)))("file") == 0o600
    assert not capsys.readouterr().err
    (tmp_path / "home").chmod(0o755)
    in_private(lambda: None)()
    assert "open to other users" in capsys.readouterr().err


def test_a_new_home_is_closed_and_nothing_is_said(tmp_path: Path, umask: int) -> None:
    told: list[str] = []
    close_home(tmp_path / "a" / "home", told.append)
    assert mode(tmp_path / "a" / "home") == 0o700
    assert not told


def used_home(home: Path, outside: Path) -> list[Path]:
    names = ("stack.lock", "longhand.db", "longhand.db-wal", "media/ab/file", "logs/api.log", "redis/appendonlydir/a")
    files = [write(home / name) for name in names]
    (home / "media" / "link").symlink_to(outside)
    (home / "logs" / "gone").symlink_to(outside.with_name("nowhere"))
    return files


def test_an_older_home_is_closed_with_all_that_is_in_it(tmp_path: Path, umask: int) -> None:
    home, outside, told = tmp_path / "home", write(tmp_path / "outside"), list[str]()
    files = used_home(home, outside)
    program = write(home / "media" / "program")
    program.chmod(0o777)
    close_home(home, told.append)
    assert told == [f"{home} was open to other users of this machine; what Longhand keeps there is closed now."]
    assert {mode(file) for file in files} == {0o600}
    assert {mode(folder) for folder in (home, *(path for path in home.rglob("*") if path.is_dir()))} == {0o700}
    assert mode(program) == 0o700
    assert mode(outside) == 0o666 & ~umask
    close_home(home, told.append)
    assert len(told) == 1


def test_other_things_stay_as_they_are_and_what_is_ours_beside_them_is_closed(tmp_path: Path, umask: int) -> None:
    home, told = tmp_path / "home", list[str]()
    files = used_home(home, write(tmp_path / "outside"))
    theirs = write(home / "letters" / "letter")
    close_home(home, told.append)
    assert {mode(file) for file in files} == {0o600}
    assert mode(home / "media") == 0o700
    assert (mode(theirs), mode(theirs.parent)) == (0o666 & ~umask, 0o777 & ~umask)
    assert is_open(home)
    assert "(letters)" in told[1]


def test_one_that_was_made_for_it_is_closed_quietly(tmp_path: Path, umask: int) -> None:
    (tmp_path / "home").mkdir()
    told: list[str] = []
    close_home(tmp_path / "home", told.append)
    assert mode(tmp_path / "home") == 0o700
    assert not told
