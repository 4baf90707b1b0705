"""Files appear whole or not at all."""

import io
import os
import stat
from pathlib import Path

import pytest

from worker.whole_files import write_whole


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "talk.txt"
    write_whole(target, b"first")
    write_whole(target, b"second")
    assert target.read_bytes() == b"second"
    assert list(target.parent.iterdir()) == [target]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "talk.txt"
    target.mkdir()
    with pytest.raises(OSError, match=r"talk\.txt"):
        write_whole(target, b"new")
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_may_come_from_another_one(tmp_path: Path) -> None:
    write_whole(tmp_path / "copy", io.BytesIO(b"as it is"))
    assert (tmp_path / "copy").read_bytes() == b"as it is"


@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_who_may_read_it_is_said_by_the_umask_or_by_its_mode(tmp_path: Path, umask: int, expected: int) -> None:
    before = os.umask(umask)
    try:
        write_whole(tmp_path / "free", b"")
        write_whole(tmp_path / "kept", b"", 0o640)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "free").stat().st_mode) == expected
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o640
