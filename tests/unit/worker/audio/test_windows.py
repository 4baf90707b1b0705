"""Decoding: the same windows from every format, counted, limited, and with nothing left running."""

import struct
import wave
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.fixtures.sounds import (
    AMR,
    LIMITS,
    audio,
    decode_all,
    encode,
    ffmpeg,
    noise,
    run_ffmpeg,
    silence,
    tone,
    write_wav,
)
from worker.audio.windows import MAX_CHANNELS, AudioLimits, AudioSegment, open_audio, to_mono
from worker.errors import TooLong

SECOND = AudioLimits(max_duration_ms=1000)


def samples(windows: list[AudioSegment]) -> bytes:
    return b"".join(window.raw_data for window in windows)


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


@pytest.mark.parametrize(
    "ending", ["wav", "mp3", "m4a", "ogg", "opus", "flac", "mka", "aiff", "au", "caf", "w64", "wma"]
)
def test_every_format_becomes_windows_of_a_second(tmp_path: Path, ending: str) -> None:
    path = encode(tmp_path / f"x.{ending}", tone(3400), options=["-ar", "48000"])
    windows, channels, duration_ms = decode_all(path)
    assert channels == 1
    assert {(window.frame_rate, window.sample_width, window.channels) for window in windows} == {(16_000, 2, 1)}
    assert [len(window) for window in windows[:-1]] == [1000] * (len(windows) - 1)
    assert abs(duration_ms - 3400) <= 50
    assert abs(windows[1].dBFS - -12) < 1


def test_amr_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "x.amr").write_bytes(AMR)
    assert decode_all(tmp_path / "x.amr")[1:] == (1, 1500)


def test_a_plain_wav_is_read_without_ffmpeg(tmp_path: Path) -> None:
    left, right = tone(2500), noise(2500)
    path = write_wav(tmp_path / "x.wav", left, right)
    with open_audio(path, LIMITS, ffmpeg=Path("/nowhere")) as decoding:
        windows = list(decoding)
    assert samples(windows) == audio(left, right).raw_data
    assert [len(window) for window in windows] == [1000, 1000, 500]


def test_a_plain_wav_and_ffmpeg_give_the_same_samples(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", noise(2345))
    run_ffmpeg("-i", path, tmp_path / "x.flac")
    assert samples(decode_all(path)[0]) == samples(decode_all(tmp_path / "x.flac")[0])


def test_a_wav_whose_writer_never_came_back_is_read_to_its_end(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "x.wav", noise(1500)).read_bytes()
    for size in (0, 0xFFFF_FFFF, 0x7FFF_F000):
        path = tmp_path / f"{size}.wav"
        path.write_bytes(whole[:40] + struct.pack("<I", size) + whole[44:] + b"\0")
        assert decode_all(path)[2] == 1500


def test_chunks_before_the_samples_are_passed_over(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "x.wav", noise(500)).read_bytes()
    path = tmp_path / "y.wav"
    path.write_bytes(whole[:12] + b"LIST" + struct.pack("<I", 5) + b"INFOx\0" + whole[12:])
    assert samples(decode_all(path)[0]) == whole[44:]


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_wav_without_samples_is_an_empty_recording(tmp_path: Path, rate: int) -> None:
    with wave.open(str(tmp_path / "x.wav"), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
    assert decode_all(tmp_path / "x.wav") == ([], 1, 0)


@pytest.mark.parametrize("count", [1, 2, 3, 6, MAX_CHANNELS])
def test_channels_are_kept_as_they_are(tmp_path: Path, count: int) -> None:
    sounds = [tone(1200, hz=300 + 100 * channel) for channel in range(count)]
    for rate in (16_000, 44_100):
        windows, channels, _duration = decode_all(write_wav(tmp_path / "x.wav", *sounds, rate=rate))
        assert channels == count
        assert len(windows[0].split_to_mono()) == count


def test_more_channels_than_anybody_has_microphones_for_are_mixed(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", *[tone(1200)] * (MAX_CHANNELS + 1))
    windows, channels, _duration = decode_all(path)
    assert (channels, windows[0].channels) == (1, 1)
    assert abs(windows[0].dBFS - -12) < 0.5


def test_mixing_weighs_all_channels_the_same() -> None:
    for count in (2, 3, 5):
        mixed = to_mono(audio(tone(100), *[silence(100)] * (count - 1)))
        assert abs(mixed.dBFS - (-12 - 20 * np.log10(count))) < 0.3
    alone = audio(tone(100))
    assert to_mono(alone) == alone


def test_two_channels_are_mixed_to_the_samples_that_pydub_gives() -> None:
    loudest, other = [32_767, -32_768, -32_768, 1, -1, 0, -3], [32_767, -32_768, 32_767, 0, 0, -1, 0]
    both = AudioSegment(np.array([loudest, other], "<i2").T.tobytes(), sample_width=2, frame_rate=16_000, channels=2)

    assert to_mono(both) == both.set_channels(1)


def test_ffmpeg_mixes_a_long_recording_to_nearly_the_same_samples(tmp_path: Path) -> None:
    limits = replace(LIMITS, long_ms=2000)
    path = encode(tmp_path / "x.flac", noise(2500, seed=1, rate=44_100), noise(2500, seed=2, rate=44_100), rate=44_100)
    with open_audio(path, limits) as decoding:
        ours = [to_mono(window) for window in decoding]
    with open_audio(path, limits) as decoding:
        next(iter(decoding))  # what was heard before comes again
        assert decoding.mix()
        theirs = list(decoding)
        assert (decoding.channels, [window.channels for window in theirs]) == (1, [1, 1, 1])

    for one, other in zip(ours, theirs, strict=True):
        apart = np.frombuffer(one.raw_data, "<i2").astype(int) - np.frombuffer(other.raw_data, "<i2")
        assert np.abs(apart).max() <= 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_short_is_mixed_here(tmp_path: Path, count: int) -> None:
    path = encode(tmp_path / "x.flac", *[tone(1200, rate=44_100)] * count, rate=44_100)
    for source in (path, write_wav(tmp_path / "x.wav", *[tone(1200)] * count)):
        with open_audio(source, LIMITS) as decoding:
            assert not decoding.mix()
            assert decoding.channels == count
            assert sum(len(window) for window in decoding) == 1200


def test_a_recording_over_the_longest_duration_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    for path in (write_wav(tmp_path / "x.wav", tone(3000)), encode(tmp_path / "x.m4a", tone(3000))):
        with pytest.raises(TooLong, match="longer than 1 s"), open_audio(path, SECOND):
            pytest.fail("it was opened")


def test_what_does_not_say_its_length_is_counted_while_it_is_decoded(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.aac", tone(5000))
    with open_audio(path, AudioLimits(max_duration_ms=2500)) as decoding:
        windows = iter(decoding)
        assert [len(next(windows)), len(next(windows))] == [1000, 1000]
        with pytest.raises(TooLong):
            next(windows)
    assert children() == []


def test_a_recording_as_long_as_allowed_is_decoded(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", tone(1000))
    with open_audio(path, SECOND) as decoding:
        assert sum(len(window) for window in decoding) == decoding.duration_ms == 1000


def test_before_each_window_somebody_may_end_the_decoding(tmp_path: Path) -> None:
    def one_is_enough(given: list[int]) -> None:
        given.append(1)
        if len(given) == 2:
            raise ZeroDivisionError

    for path in (write_wav(tmp_path / "x.wav", tone(3000)), encode(tmp_path / "x.mp3", tone(3000))):
        given: list[int] = []
        with open_audio(path, LIMITS, on_window=partial(one_is_enough, given)) as decoding:
            windows = iter(decoding)
            assert len(next(windows)) == 1000
            with pytest.raises(ZeroDivisionError):
                next(windows)
    assert children() == []


def test_a_consumer_that_stops_early_leaves_no_process(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", noise(60_000))
    with open_audio(path, LIMITS) as decoding:
        next(iter(decoding))
        assert len(children()) == 1
    assert children() == []


def test_a_consumer_that_fails_leaves_no_process(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mp3", noise(60_000))
    with pytest.raises(ZeroDivisionError), open_audio(path, LIMITS):
        raise ZeroDivisionError
    assert children() == []


def test_names_are_never_taken_for_options_or_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "x.mp3", tone(1000))
    monkeypatch.chdir(tmp_path)
    for name in ("-y %03d 'quoted\" file.mp3", "concat:x|y.mp3", "http:x.mp3"):
        path = path.rename(name)
        assert decode_all(Path(name))[2] >= 1000


def test_the_sound_of_a_video_is_decoded(tmp_path: Path) -> None:
    sound = write_wav(tmp_path / "x.wav", tone(2000))
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=d=5:r=5:s=64x64", "-i", sound, tmp_path / "x.mp4")
    assert abs(decode_all(tmp_path / "x.mp4")[2] - 2000) <= 50


def test_cover_art_is_passed_over(tmp_path: Path) -> None:
    run_ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-frames:v", "1", tmp_path / "c.png")
    options = ["-i", str(tmp_path / "c.png"), "-map", "0", "-map", "1", "-c:v", "copy", "-id3v2_version", "3"]
    assert decode_all(encode(tmp_path / "x.mp3", tone(2000), options=options))[2] >= 2000


def test_the_first_sound_track_is_taken(tmp_path: Path) -> None:
    one, two = write_wav(tmp_path / "1.wav", tone(1000)), write_wav(tmp_path / "2.wav", tone(3000))
    run_ffmpeg("-i", one, "-i", two, "-map", "0", "-map", "1", tmp_path / "x.mka")
    assert decode_all(tmp_path / "x.mka")[2] == 1000


def test_ffmpeg_is_found() -> None:
    assert ffmpeg().is_absolute()
