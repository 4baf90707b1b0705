"""What first bytes are let in, and what each other kind is told."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.sounds import AMR, encode, silence, tone
from worker.audio.sniff import HEAD_BYTES, look_at
from worker.errors import EmptyFile, NotAudio, PlaylistRefused

PLAYLISTS = {
    "HLS": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n",
    "HLS behind a BOM and a blank line": "\ufeff\r\n#EXTM3U\n".encode(),
    "HLS in UTF-16": "#EXTM3U\nhttp://127.0.0.1/\n".encode("utf-16"),
    "concat": b"ffconcat version 1.0\nfile other.wav\n",
    "DASH": b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>',
    "PLS": b"[playlist]\nFile1=http://127.0.0.1/\n",
    "ASX": b'<asx version="3.0"><entry><ref href="http://127.0.0.1/"/></entry></asx>',
    "SDP": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n",
}
OTHERS = {
    "a text": "Guten Tag, schöne Grüße\n".encode() * 50,
    "a text that the head cuts within a letter": ("a" + "ß" * HEAD_BYTES).encode()[:HEAD_BYTES],
    "HTML": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "JSON": b'{"error": "not found"}',
    "a ZIP": b"PK\x03\x04\x14\x00\x00\x00" + bytes(100),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + bytes(100),
    "a PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(100),
    "a HEIC": b"\x00\x00\x00\x18ftypheic" + bytes(100),
    "a WebP": b"RIFF\x00\x01\x00\x00WEBPVP8 " + bytes(100),
    "an AVI": b"RIFF\x00\x01\x00\x00AVI LIST" + bytes(100),
    "MIDI": b"MThd\x00\x00\x00\x06" + bytes(100),
    "a program": b"\x7fELF\x02\x01\x01" + bytes(100),
    "zeros": bytes(5000),
    "one byte": b"\xff",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_playlists_are_refused_whatever_their_name(kind: str) -> None:
    with pytest.raises(PlaylistRefused):
        look_at(PLAYLISTS[kind], len(PLAYLISTS[kind]))


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_audio_is_refused(kind: str) -> None:
    with pytest.raises(NotAudio):
        look_at(OTHERS[kind], len(OTHERS[kind]))


def test_an_empty_file_has_its_own_error() -> None:
    with pytest.raises(EmptyFile):
        look_at(b"", 0)


def test_a_refusal_says_what_the_file_is_where_that_is_known() -> None:
    with pytest.raises(NotAudio, match="a ZIP archive"):
        look_at(OTHERS["a ZIP"], 108)


@pytest.mark.parametrize(
    ("ending", "options"),
    [
        ("wav", []),
        ("mp3", []),
        ("mp3", ["-id3v2_version", "0", "-write_xing", "0", "-ar", "22050", "-b:a", "32k"]),
        ("mp2", []),
        ("m4a", []),
        ("mov", []),
        ("ogg", []),
        ("opus", []),
        ("flac", []),
        ("aac", []),
        ("mka", []),
        ("webm", []),
        ("aiff", []),
        ("au", []),
        ("caf", []),
        ("w64", []),
        ("wma", []),
    ],
)
def test_every_kind_of_recording_is_let_in(tmp_path: Path, ending: str, options: list[str]) -> None:
    made = encode(tmp_path / f"sound.{ending}", tone(1500), options=options).read_bytes()
    look_at(made[:HEAD_BYTES], len(made))


def test_an_amr_is_let_in() -> None:
    look_at(AMR[:HEAD_BYTES], len(AMR))


def test_an_mp3_behind_a_bit_of_junk_is_let_in(tmp_path: Path) -> None:
    made = encode(tmp_path / "s.mp3", tone(1500), options=["-id3v2_version", "0"]).read_bytes()
    look_at((bytes(700) + b"\xff\x00junk" + made)[:HEAD_BYTES], len(made) + 706)


def test_a_silent_recording_is_a_recording(tmp_path: Path) -> None:
    made = encode(tmp_path / "s.mp3", silence(1500)).read_bytes()
    look_at(made[:HEAD_BYTES], len(made))


@given(st.binary(min_size=1, max_size=400))
@settings(max_examples=200)
def test_any_bytes_are_let_in_or_refused(head: bytes) -> None:
    with suppress(NotAudio, PlaylistRefused):
        look_at(head, len(head))
