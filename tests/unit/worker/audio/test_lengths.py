"""What a head says of a recording's length, without decoding it."""

import subprocess
from pathlib import Path

import pytest

from tests.fixtures.sounds import talk, tone, write_wav
from worker.audio.ffmpeg import find_ffmpeg
from worker.audio.lengths import said_length_ms


def encoded(path: Path, *options: str) -> Path:
    """Five seconds, as ffmpeg writes them."""
    wav = write_wav(path.with_suffix(".in.wav"), tone(5000))
    command = [str(find_ffmpeg()), "-v", "error", "-i", str(wav), *options, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def test_a_wav_says_it_whatever_its_rate_and_channels(tmp_path: Path) -> None:
    assert said_length_ms(write_wav(tmp_path / "a.wav", talk((1000, 234)), talk((1000, 234)))) == 1234
    assert said_length_ms(encoded(tmp_path / "b.wav", "-ar", "44100", "-ac", "2")) == 5000


@pytest.mark.parametrize("ending", ["flac", "mp3", "m4a", "ogg"])
def test_other_containers_say_it_too(tmp_path: Path, ending: str) -> None:
    assert said_length_ms(encoded(tmp_path / f"a.{ending}")) == pytest.approx(5000, abs=100)


def test_a_wav_that_was_cut_off_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(2000))
    path.write_bytes(path.read_bytes()[: 44 + 32_000])
    assert said_length_ms(path) == 1000


def test_what_is_no_recording_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_text("no sound at all")
    assert said_length_ms(tmp_path / "a.mp3") is None
    assert said_length_ms(tmp_path / "nowhere.wav") is None
