"""Every kind of bad recording that decoding can see: its code, a sentence without paths, nothing else touched."""

import http.server
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest

from realtime.protocol.errors import CodedError
from tests.fixtures.sounds import LIMITS, decode_all, encode, noise, run_ffmpeg, silence, talk, tone, write_wav
from worker.audio.windows import AudioLimits, open_audio
from worker.errors import (
    DamagedAudio,
    DecoderFailed,
    EmptyFile,
    InputError,
    NoAudioStream,
    NotAudio,
    PlaylistRefused,
    SourceForbidden,
    SourceMissing,
    TooLong,
    TruncatedFile,
)
from worker.split.cutting import cut
from worker.split.presets import PRESETS
from worker.states import Channels, Segmentation

SOUND = talk((3000, 400), (3000, 400))


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))  # such as the Redis that other tests share
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


def refuse(path: Path, error: type[CodedError], limits: AudioLimits = LIMITS) -> None:
    with pytest.raises(error) as raised:
        decode_all(path, limits)
    assert str(path.parent) not in raised.value.message
    assert "ffmpeg version" not in raised.value.message
    assert raised.value.message.endswith(".")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def part_of(path: Path, share: float) -> Path:
    content = path.read_bytes()
    return write(path.with_name("part-of-" + path.name), content[: int(len(content) * share)])


def test_an_empty_file(tmp_path: Path) -> None:
    refuse(write(tmp_path / "x.mp3", b""), EmptyFile)


def test_a_missing_file(tmp_path: Path) -> None:
    refuse(tmp_path / "x.mp3", SourceMissing)


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_arguments: object) -> None:
        raise PermissionError

    path = write_wav(tmp_path / "x.wav", SOUND)
    monkeypatch.setattr(Path, "open", forbidden)  # root may read everything
    refuse(path, SourceForbidden)


def test_a_folder_and_a_pipe_are_no_recordings(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.wav")
    refuse(tmp_path / "x.wav", NotAudio)
    refuse(tmp_path, NotAudio)


@pytest.mark.parametrize("content", [b"hello, this is a text\n" * 50, b"<!DOCTYPE html><html></html>", b'{"a": 1}'])
def test_a_text_named_mp3(tmp_path: Path, content: bytes) -> None:
    refuse(write(tmp_path / "x.mp3", content), NotAudio)


def test_a_video_without_sound(tmp_path: Path) -> None:
    for name in ("x.mp4", "x.mkv", "x.webm"):
        run_ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:r=5:s=64x64", "-an", tmp_path / name)
        refuse(tmp_path / name, NoAudioStream)


@pytest.mark.parametrize(
    "ending", ["wav", "mp3", "m4a", "mov", "ogg", "opus", "flac", "mka", "webm", "aiff", "au", "caf", "w64", "wma"]
)
def test_a_file_that_was_cut_off(tmp_path: Path, ending: str) -> None:
    options = [] if ending in {"opus", "webm"} else ["-ar", "44100"]
    whole = encode(tmp_path / f"x.{ending}", SOUND, SOUND, options=options)
    for share in (0.1, 0.95):
        refuse(part_of(whole, share), TruncatedFile)


def test_a_flac_of_which_no_frame_is_left(tmp_path: Path) -> None:
    refuse(part_of(encode(tmp_path / "x.flac", SOUND), 0.02), DamagedAudio)


def test_a_plain_wav_that_was_cut_off_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    path = part_of(write_wav(tmp_path / "x.wav", SOUND), 0.9)
    with pytest.raises(TruncatedFile), open_audio(path, LIMITS):
        pytest.fail("it was opened")


def test_an_m4a_without_its_index(tmp_path: Path) -> None:
    content = encode(tmp_path / "x.m4a", SOUND).read_bytes()
    refuse(write(tmp_path / "y.m4a", content[: content.index(b"moov") - 4]), DamagedAudio)


def test_a_header_with_nothing_that_can_be_decoded_behind_it(tmp_path: Path) -> None:
    refuse(write(tmp_path / "x.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(2000)), DamagedAudio)
    refuse(write(tmp_path / "x.flac", b"fLaC" + noise(100).tobytes()), DamagedAudio)
    refuse(write(tmp_path / "x.ogg", b"OggS" + noise(100).tobytes()), DamagedAudio)
    refuse(write(tmp_path / "x.wav", b"RIFF\x00\x00\x00\x00WAVE" + bytes(30)), DamagedAudio)


def test_a_wav_of_a_codec_that_nobody_knows(tmp_path: Path) -> None:
    content = bytearray(write_wav(tmp_path / "x.wav", SOUND).read_bytes())
    content[20:22] = struct.pack("<H", 0x7777)
    refuse(write(tmp_path / "y.wav", bytes(content)), DamagedAudio)


def test_damage_in_the_middle_loses_a_little_and_fails_nothing(tmp_path: Path) -> None:
    content = bytearray(encode(tmp_path / "x.mp3", SOUND).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 300] = noise(10).tobytes()[:300]
    _windows, _channels, duration_ms = decode_all(write(tmp_path / "y.mp3", bytes(content)))
    assert abs(duration_ms - len(SOUND) // 16) < 500


def test_a_recording_over_the_longest_duration(tmp_path: Path) -> None:
    limits = AudioLimits(max_duration_ms=2000)
    for ending in ("wav", "mp3", "m4a", "flac", "aac"):
        refuse(encode(tmp_path / f"x.{ending}", SOUND), TooLong, limits)


def test_more_silence_than_allowed_in_a_small_file(tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=4000", tmp_path / "x.flac")
    assert (tmp_path / "x.flac").stat().st_size < 1_000_000
    refuse(tmp_path / "x.flac", TooLong)


def test_bytes_changed_at_random_are_decoded_or_refused_with_a_code(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    for ending in ("mp3", "m4a", "ogg", "flac", "wav", "webm"):
        content = encode(
            tmp_path / f"x.{ending}", SOUND, options=[] if ending == "webm" else ["-ar", "44100"]
        ).read_bytes()
        for _time in range(2):
            changed = bytearray(content)
            for at in random.integers(0, len(content), 20).tolist():
                changed[at] = int(random.integers(0, 256))
            with suppress(InputError):
                decode_all(write(tmp_path / "y", bytes(changed)))


def playlists(victim: Path, url: str) -> dict[str, bytes]:
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT3S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="audio/mp4">'
        f'<Representation id="1" bandwidth="9"><BaseURL>{url}</BaseURL></Representation></AdaptationSet></Period></MPD>'
    )
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    return {
        "hls-of-a-file.mp3": hls.format(victim).encode(),
        "hls-of-a-url.m4a": hls.format(url).encode(),
        "concat.wav": f"ffconcat version 1.0\nfile {victim.name}\n".encode(),
        "dash.m4a": dash.encode(),
        "sdp.mp3": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    }


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server that nobody may ask, and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the tests' output."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/canary.mp4", asked
        server.shutdown()
        thread.join()


def test_playlists_under_an_audio_name_open_nothing(tmp_path: Path, canary: tuple[str, list[str]]) -> None:
    url, asked = canary
    victim = write_wav(tmp_path / "victim.wav", tone(1000))
    for name, content in playlists(victim, url).items():
        refuse(write(tmp_path / name, content), PlaylistRefused)
    assert asked == []


def test_playlists_that_the_first_bytes_do_not_show_are_not_opened_by_ffmpeg_either(
    tmp_path: Path, canary: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.audio.windows.look_at", lambda _head, _size: None)
    url, asked = canary
    victim = write_wav(tmp_path / "victim.wav", tone(1000))
    for name, content in playlists(victim, url).items():
        refuse(write(tmp_path / name, content), DamagedAudio)
    assert asked == []


def stand_in(tmp_path: Path, script: str) -> Path:
    """A program in ffmpeg's place that ends as ffmpeg ends in some odd cases."""
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


SOME_AUDIO = "head -c 64044 {wav}"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (SOME_AUDIO + "; exit 1", TruncatedFile),
        (SOME_AUDIO + "; exit 69", DamagedAudio),
        (SOME_AUDIO + "; exit 255", DecoderFailed),
        (SOME_AUDIO + "; kill -9 $$", DecoderFailed),
        (SOME_AUDIO + "; exec sleep 60", DecoderFailed),
        ("head -c 44 {wav}; exit 0", DamagedAudio),
        ("exit 0", DamagedAudio),
        ("echo rubbish", DamagedAudio),
    ],
)
def test_how_ffmpeg_ends_decides(tmp_path: Path, script: str, error: type[CodedError]) -> None:
    wav = write_wav(tmp_path / "pcm.wav", SOUND)
    path = encode(tmp_path / "x.mp3", SOUND)
    limits = AudioLimits(max_duration_ms=60_000, stall_s=0.5)
    program = stand_in(tmp_path, "PATH=/bin:/usr/bin; " + script.format(wav=wav))
    with pytest.raises(error), open_audio(path, limits, ffmpeg=program) as decoding:
        list(decoding)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: encode(path / "x.mp3", silence(5000)),
        lambda path: encode(path / "x.ogg", talk((150, 3000))),
        lambda path: encode(path / "x.m4a", tone(120)),
        lambda path: write_wav(path / "x.wav", tone(190)),
        lambda path: write_wav(path / "x.wav", silence(0)),
    ],
)
def test_silence_and_very_short_recordings_are_no_errors(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    preset = PRESETS[Segmentation.DOCUMENT]
    with open_audio(make(tmp_path), LIMITS) as decoding:
        cutting = cut(decoding, channels=Channels.AUTO, preset=preset, segment_limit_ms=60_000)
        assert list(cutting) == []
        assert cutting.audio_ms is not None
