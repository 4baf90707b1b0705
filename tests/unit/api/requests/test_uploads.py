"""Uploads on their way into the store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.requests.options import read_options
from api.requests.uploads import clean_name, receive, refuse_length
from tests.fixtures.doors import sound
from tests.fixtures.multipart import body
from worker.errors import InvalidRequest, NotAudio, UploadTooLarge
from worker.media.store import MediaStore

TYPE = "multipart/form-data; boundary=xx"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a.wav", "a.wav"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.wav", "a.wav"),
        ("tab\there\x7f\u202e.wav", "tabhere.wav"),
        ("", "recording"),
        ("folder/", "recording"),
        ("\n", "recording"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_name_is_tamed(given: str, shown: str) -> None:
    assert clean_name(given) == shown


def test_a_stream_of_any_length_is_never_held_as_a_whole(tmp_path: Path) -> None:
    chunk = bytes(64 * 1024)
    held: list[int] = []

    def pieces() -> Iterator[bytes]:
        yield body(("file", "a.wav", sound()), end=b"")[: -len(b"\r\n--xx")]
        for number in range(100):
            held.append(
                sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) - number * len(chunk)
            )
            yield chunk
        yield b"\r\n--xx--\r\n"

    upload = receive(pieces(), TYPE, MediaStore(tmp_path), 1 << 30, read_options)
    assert upload.saved.size_bytes == len(sound()) + 100 * len(chunk)
    assert min(held) > -(1024**2)  # what came in is on the disk but for a buffer


def test_what_is_no_audio_is_refused_after_its_first_bytes(tmp_path: Path) -> None:
    taken = []

    def pieces() -> Iterator[bytes]:
        yield body(("file", "a.mp3", b"plain text, "), end=b"")[: -len(b"\r\n--xx")]
        for number in range(1000):
            taken.append(number)
            yield b"and more of it. " * 100

    with pytest.raises(NotAudio):
        receive(pieces(), TYPE, MediaStore(tmp_path), 1 << 30, read_options)
    assert len(taken) < 20


def test_a_check_that_fails_on_a_late_field_leaves_nothing(tmp_path: Path) -> None:
    def check(options: object) -> None:
        if "late" in str(options):
            raise InvalidRequest("late")

    whole = body(("file", "a.wav", sound()), ("archive", None, b"late"))
    with pytest.raises(InvalidRequest):
        receive([whole], TYPE, MediaStore(tmp_path), 1 << 30, check)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_length_is_refused_only_beyond_the_limit_and_its_form() -> None:
    for fine in (None, "", "nonsense", "1000", str(1000 + 1024**2)):
        refuse_length(fine, 1000)
    with pytest.raises(UploadTooLarge):
        refuse_length(str(1001 + 1024**2), 1000)
