"""A folder that is exported into: whole files, and nothing outside of it."""

import io
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from worker.errors import StorageFailed
from worker.exports.destinations import Folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_bytes(b"old")
    return tmp_path / "out"


def test_files_are_whole_and_readable_and_nothing_is_left_beside_them(out: Path) -> None:
    folder = Folder(out)
    folder.write("2024/05/a.txt", b"first")
    folder.write("2024/05/a.txt", io.BytesIO(b"second"))
    [file] = [path for path in out.rglob("*") if path.is_file()]
    assert (file.relative_to(out).as_posix(), file.read_bytes()) == ("2024/05/a.txt", b"second")
    (out / "as-others").touch()
    assert file.stat().st_mode == (out / "as-others").stat().st_mode
    assert folder.digest("2024/05/a.txt") != folder.digest("2024/06/a.txt") is None


def test_what_breaks_off_leaves_what_was_there(out: Path) -> None:
    (out / "a.txt").mkdir()
    with pytest.raises(StorageFailed):
        Folder(out).write("a.txt", b"new")
    assert list(out.iterdir()) == [out / "a.txt"]


def test_a_link_to_a_folder_outside_is_not_written_or_read_through(out: Path) -> None:
    (out / "2024").symlink_to("../elsewhere")
    (out / "deep").mkdir()
    (out / "deep" / "more").symlink_to(out.parent / "elsewhere")
    for name in ("2024/a.txt", "deep/more/a.txt", "2024/new/a.txt"):
        with pytest.raises(StorageFailed, match="leads out"):
            Folder(out).write(name, b"new")
        with pytest.raises(StorageFailed, match="leads out"):
            Folder(out).digest(name)
    assert {path.name: path.read_bytes() for path in (out.parent / "elsewhere").iterdir()} == {"a.txt": b"old"}


def test_a_link_to_a_file_is_replaced_and_its_target_left(out: Path) -> None:
    (out / "a.txt").symlink_to("../elsewhere/a.txt")
    assert Folder(out).digest("a.txt") is None
    Folder(out).write("a.txt", b"new")
    assert not (out / "a.txt").is_symlink()
    assert (out.parent / "elsewhere" / "a.txt").read_bytes() == b"old"


def test_links_within_the_folder_and_to_it_are_followed(out: Path) -> None:
    (out / "2024").mkdir()
    (out / "now").symlink_to("2024")
    (out.parent / "named").symlink_to("out")
    Folder(out.parent / "named").write("now/a.txt", b"new")
    assert (out / "2024" / "a.txt").read_bytes() == b"new"


def test_who_swaps_a_folder_for_a_link_leads_no_export_out(out: Path) -> None:
    """Asked for thousands of times while a folder and a link to another take turns."""
    end = threading.Event()

    def swap() -> None:
        while not end.is_set():
            (out / "2024").mkdir(exist_ok=True)
            with suppress(OSError):  # what was written in it stays in it
                (out / "2024").rename(out / f"was-{len(list(out.iterdir()))}")
            with suppress(OSError):
                (out / "2024").symlink_to("../elsewhere")
                (out / "2024").unlink()

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        for _ in range(1500):
            with suppress(StorageFailed):
                Folder(out).write("2024/b.txt", b"new")
    finally:
        end.set()
        swapping.join()
    assert [path.name for path in (out.parent / "elsewhere").iterdir()] == ["a.txt"]
    assert list(out.rglob("b.txt"))
