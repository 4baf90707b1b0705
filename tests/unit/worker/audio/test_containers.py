"""What a file's own structure promises of its length."""

import io
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.sounds import encode, noise, write_wav
from worker.audio.containers import flac_duration_ms, is_cut_off, promised_bytes

EXACT = ["wav", "m4a", "ogg", "opus", "mka", "aiff", "au", "caf", "w64", "wma"]
MAGIC = [b"RIFF\0\0\0\0WAVE", b"riff", b"FORM", b".snd", b"caff", b"\0\0\0\x08free", b"\x1a\x45\xdf\xa3", b"OggS\0"]


def sound(tmp_path: Path, ending: str) -> bytes:
    return encode(tmp_path / f"x.{ending}", noise(3000), options=["-ar", "48000"]).read_bytes()


@pytest.mark.parametrize("ending", EXACT)
def test_a_whole_file_is_as_long_as_it_promises(tmp_path: Path, ending: str) -> None:
    content = sound(tmp_path, ending)
    assert len(content) - 200 <= (promised_bytes(io.BytesIO(content)) or 0) <= len(content)


@pytest.mark.parametrize("ending", [*EXACT, "mp3"])
def test_a_file_with_something_behind_it_is_whole(tmp_path: Path, ending: str) -> None:
    content = sound(tmp_path, ending)
    assert not is_cut_off(io.BytesIO(content + bytes(500)))
    assert not is_cut_off(io.BytesIO(content + b"TAG" + b"x" * 125))


def test_a_header_that_counts_itself_is_no_cut(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "x.wav", noise(1000)).read_bytes()
    assert not is_cut_off(io.BytesIO(wav[:40] + struct.pack("<I", len(wav)) + wav[44:]))


@pytest.mark.parametrize("ending", [*EXACT, "mp3"])
def test_a_tenth_less_is_cut_off(tmp_path: Path, ending: str) -> None:
    content = sound(tmp_path, ending)
    assert is_cut_off(io.BytesIO(content[: len(content) * 9 // 10]))


def test_an_mp3_without_a_count_of_its_bytes_promises_nothing(tmp_path: Path) -> None:
    content = encode(tmp_path / "x.mp3", noise(3000), options=["-write_xing", "0"]).read_bytes()
    assert promised_bytes(io.BytesIO(content)) is None


def test_what_was_streamed_promises_nothing(tmp_path: Path) -> None:
    wav = write_wav(tmp_path / "x.wav", noise(100)).read_bytes()
    assert promised_bytes(io.BytesIO(wav[:40] + b"\xff\xff\xff\xff" + wav[44:])) is None
    live = encode(tmp_path / "x.webm", noise(3000), options=["-live", "1"]).read_bytes()
    assert promised_bytes(io.BytesIO(live)) is None
    assert promised_bytes(io.BytesIO(b".snd\0\0\0\x18\xff\xff\xff\xff" + bytes(99))) is None
    assert promised_bytes(io.BytesIO(b"\0\0\0\x08free\0\0\0\0mdat" + bytes(99))) is None


def test_large_boxes_are_followed(tmp_path: Path) -> None:
    content = b"\0\0\0\x10ftypM4A \0\0\0\0" + b"\0\0\0\1mdat" + struct.pack(">Q", 5_000_000_016) + bytes(100)
    assert promised_bytes(io.BytesIO(content)) == 5_000_000_032


@pytest.mark.parametrize(
    "head", [b"caff\0\1\0\0free", b"\0\0\0\1mdat", b"\x1a\x45\xdf\xa3\x01"], ids=["caf", "mp4", "matroska"]
)
def test_a_length_that_leads_beyond_what_a_system_seeks_to_is_a_cut(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "far"
    path.write_bytes(head + struct.pack(">Q", 2**63 - 1)[-7 if head[0] == 0x1A else 0 :] + bytes(100))
    with path.open("rb") as file:
        assert is_cut_off(file) is (head[0] != 0x1A)


def test_the_length_of_a_flac_is_read_also_behind_a_tag(tmp_path: Path) -> None:
    content = sound(tmp_path, "flac")
    assert flac_duration_ms(io.BytesIO(content)) == 3000
    assert flac_duration_ms(io.BytesIO(b"ID3\4\0\0\0\0\1\0" + bytes(128) + content)) == 3000
    assert flac_duration_ms(io.BytesIO(sound(tmp_path, "mp3"))) is None


@given(st.sampled_from(MAGIC), st.binary(max_size=300))
@settings(max_examples=200)
def test_any_bytes_behind_a_magic_number_are_followed_without_an_error(magic: bytes, rest: bytes) -> None:
    file = io.BytesIO(magic + rest)
    assert is_cut_off(file) in {True, False}
    assert flac_duration_ms(file) is None
