"""Recordings in mounted folders: found by name, never outside, and only as they were."""

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from realtime.protocol.errors import CodedError
from worker.errors import InvalidRequest, SourceChanged, SourceForbidden, SourceMissing, SourceUnreachable
from worker.media.identities import SourceIdentity
from worker.media.mounts import digest_of, find_mounted, identify_mounted, opened_mounted, source_errors
from worker.settings import Settings


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "calls" / "may").mkdir(parents=True)
    (tmp_path / "calls" / "may" / "a b.wav").write_bytes(b"RIFF")
    (tmp_path / "calls-too").mkdir()
    for folder in ("", "calls-too"):
        (tmp_path / folder / "secret.wav").write_bytes(b"RIFF")
    return {"calls": tmp_path / "calls"}


def test_a_name_is_found_below_its_folder(roots: dict[str, Path]) -> None:
    assert find_mounted("mount://calls/may/a%20b.wav", roots) == roots["calls"].resolve() / "may" / "a b.wav"
    assert identify_mounted("mount://calls/may/a%20b.wav", roots).size_bytes == 4


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("../secret.wav", SourceForbidden),
        ("may/../../secret.wav", SourceForbidden),
        ("%2e%2e/secret.wav", SourceForbidden),
        ("../calls-too/secret.wav", SourceForbidden),
        ("/etc/passwd", SourceMissing),
        ("may", SourceForbidden),
        ("", SourceForbidden),
        ("june/a.wav", SourceMissing),
        ("may/a%00.wav", SourceMissing),
    ],
)
def test_nothing_else_is_opened(roots: dict[str, Path], path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find_mounted(f"mount://calls/{path}", roots)


def test_links_do_not_lead_out_of_the_folder_or_round_in_it(roots: dict[str, Path]) -> None:
    (roots["calls"] / "out.wav").symlink_to("../secret.wav")
    (roots["calls"] / "ring.wav").symlink_to("ring.wav")
    (roots["calls"] / "in.wav").symlink_to("may/a b.wav")
    with pytest.raises(SourceForbidden):
        find_mounted("mount://calls/out.wav", roots)
    with pytest.raises(SourceMissing):
        find_mounted("mount://calls/ring.wav", roots)
    assert find_mounted("mount://calls/in.wav", roots).name == "a b.wav"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, SourceForbidden),
        (errno.EPERM, SourceForbidden),
        (errno.ENOENT, SourceMissing),
        (errno.EIO, SourceUnreachable),
        (errno.ESTALE, SourceUnreachable),
    ],
)
def test_what_the_system_says_while_a_source_is_read_is_an_error_of_that_source(
    number: int, kind: type[CodedError]
) -> None:
    with pytest.raises(kind, match=r"mount://calls/a\.wav"), source_errors("mount://calls/a.wav"):
        raise OSError(number, os.strerror(number), "/mnt/calls/a.wav")


def test_a_folder_above_that_may_not_be_entered_is_told(
    roots: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: Path, *, strict: bool = False) -> Path:  # root may enter every folder
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(Path, "resolve", refuse)
    with pytest.raises(SourceForbidden, match="may not be read"):
        find_mounted("mount://calls/may/a%20b.wav", roots)


def test_a_folder_that_has_no_name_here_is_told(roots: dict[str, Path]) -> None:
    with pytest.raises(InvalidRequest, match="'radio' in LONGHAND_MEDIA_ROOTS"):
        find_mounted("mount://radio/a.wav", roots)


def _grow(path: Path) -> None:
    path.write_bytes(b"RIFF and more")


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [_grow, _touch, Path.unlink])
def test_what_changes_while_it_is_read_is_told(roots: dict[str, Path], change: Callable[[Path], None]) -> None:
    url = "mount://calls/may/a%20b.wav"
    with (
        pytest.raises((SourceChanged, SourceMissing)),
        opened_mounted(url, roots, identify_mounted(url, roots)),
    ):
        change(roots["calls"] / "may" / "a b.wav")


def test_a_file_that_another_is_put_in_place_of_is_read_to_its_end_and_told_of(roots: dict[str, Path]) -> None:
    url, target = "mount://calls/may/a%20b.wav", roots["calls"] / "may" / "a b.wav"
    (roots["calls"] / "new").write_bytes(b"another")

    def read_late() -> None:
        with opened_mounted(url, roots, None) as path:
            (roots["calls"] / "new").replace(target)
            assert path.read_bytes() == b"RIFF"

    with pytest.raises(SourceChanged):
        read_late()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_who_swaps_a_file_or_its_folder_for_a_link_leads_nobody_out(tmp_path: Path, what: str) -> None:
    """Two files that only their bytes tell apart, and a name that is the one and a link to the other by turns."""
    inner, outer = tmp_path / "calls" / "in", tmp_path / "out"
    for folder, content in ((inner, b"inside"), (outer, b"secret")):
        folder.mkdir(parents=True)
        (folder / "a.wav").write_bytes(content)
        os.utime(folder / "a.wav", ns=(1, 1))
    name = tmp_path / "calls" / ("now.wav" if what == "file" else "now")
    end, read, refused = threading.Event(), 0, 0

    def swap() -> None:
        beside = tmp_path / "calls" / "beside"
        while not end.is_set():
            if what == "file":
                os.link(inner / "a.wav", beside)
                beside.replace(name)
                beside.symlink_to(outer / "a.wav")
                beside.replace(name)
            else:
                inner.replace(name)
                end.wait(0.0002)
                name.replace(inner)
                name.symlink_to(outer)
                end.wait(0.0001)
                name.unlink()

    swapping = threading.Thread(target=swap)
    swapping.start()
    url = "mount://calls/now.wav" if what == "file" else "mount://calls/now/a.wav"
    try:
        for number in range(200_000):
            if number > 5000 and read and refused:
                break
            with suppress(SourceForbidden, SourceMissing, SourceChanged):
                with opened_mounted(url, {"calls": tmp_path / "calls"}, None) as path:
                    content = path.read_bytes()
                    assert content == b"inside"
                    read += 1
                continue
            refused += 1
    finally:
        end.set()
        swapping.join()
    assert read
    assert refused


def test_what_is_not_as_it_was_registered_is_not_opened(roots: dict[str, Path]) -> None:
    known = SourceIdentity(size_bytes=4, last_modified="1")
    with pytest.raises(SourceChanged), opened_mounted("mount://calls/may/a%20b.wav", roots, known):
        pytest.fail("it was opened")


def test_reading_can_be_ended(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)

    def stop(_size: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        digest_of(tmp_path / "a", stop)


@pytest.mark.parametrize("given", ["calls", "calls=relative", "Calls=/x", "=/x"])
def test_folders_are_given_by_name_and_absolute(given: str) -> None:
    with pytest.raises(ValidationError, match="name=/folder"):
        Settings(media_roots=given)


def test_several_folders_may_have_names() -> None:
    roots = Settings(media_roots="calls=/mnt/calls, radio=/mnt/radio,").roots
    assert roots == {"calls": Path("/mnt/calls"), "radio": Path("/mnt/radio")}
