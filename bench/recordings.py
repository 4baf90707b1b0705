"""Recordings for benchmarks: the samples' speech over and over in a room of its own noise, in any form and length.

No two of them, and no two of their parts, have the same samples: nothing is answered from what is stored already.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from worker.audio.ffmpeg import find_ffmpeg

SAMPLES = Path(__file__).parents[1] / "samples"
SPEECH = tuple(SAMPLES / name for name in ("river.wav", "market.mp3", "council.m4a", "call.ogg"))
ROOM = 0.0005  # of full scale: about -70 dBFS
# 5 s of noise and 2 s of silence, in turn
BURSTS = "anoisesrc=r=44100:a=0.2:seed=1,volume='if(lt(mod(t,7),5),1,0)':eval=frame,aformat=channel_layouts=stereo"


@dataclass(frozen=True)
class Form:
    """A file's ending, sample rate, channels, and the encoder's options."""

    ending: str
    rate: int
    channels: int
    encoder: tuple[str, ...]


FORMS = {
    "MP3 128k, 44.1 kHz stereo": Form("mp3", 44_100, 2, ("-c:a", "libmp3lame", "-b:a", "128k")),
    "AAC 128k in M4A, 44.1 kHz stereo": Form("m4a", 44_100, 2, ("-c:a", "aac", "-b:a", "128k")),
    "Opus 64k in OGG, 48 kHz stereo": Form("ogg", 48_000, 2, ("-c:a", "libopus", "-b:a", "64k")),
    "FLAC, 44.1 kHz stereo": Form("flac", 44_100, 2, ("-c:a", "flac", "-sample_fmt", "s16")),
    "WAV, 16 kHz mono": Form("wav", 16_000, 1, ("-c:a", "pcm_s16le")),
}
WAV = FORMS["WAV, 16 kHz mono"]
MP3_MONO = Form("mp3", 16_000, 1, ("-c:a", "libmp3lame", "-b:a", "48k", "-compression_level", "9"))


def make_speech(path: Path, form: Form, seconds: float, *, seed: int = 1) -> Path:
    """A recording of speech with its pauses; another seed begins elsewhere and has other noise."""
    run_ffmpeg(*_speech(form, seconds, seed), path)
    return path


def make_parts(folder: Path, form: Form, lengths_s: Sequence[float], *, seed: int = 1) -> list[Path]:
    """Recordings of these lengths, to a frame of their encoder, cut from one."""
    folder.mkdir()
    ends = ",".join(f"{end:.3f}" for end in accumulate(lengths_s))
    cut = ["-f", "segment", "-segment_times", ends]
    run_ffmpeg(*_speech(form, sum(lengths_s), seed), *cut, folder / f"%05d.{form.ending}")
    return sorted(folder.iterdir())[: len(lengths_s)]


def _speech(form: Form, seconds: float, seed: int) -> list[str | Path]:
    """ffmpeg's arguments but for the target."""
    inputs, spoken = joined(SPEECH, form.rate)
    begun = f"aloop=loop=-1:size=2e9,atrim=start={seed * 7.3 % 120:.1f},asetpts=PTS-STARTPTS[s]"
    mixed = f"{spoken},{begun};[s][{len(SPEECH)}:a]amix=inputs=2:duration=shortest:normalize=0"
    room = ["-f", "lavfi", "-i", f"anoisesrc=r={form.rate}:a={ROOM}:seed={seed}"]
    shaped = ["-ar", str(form.rate), "-ac", str(form.channels), *form.encoder]
    return [*inputs, *room, "-filter_complex", mixed, "-t", str(seconds), *shaped]


def joined(parts: Sequence[Path], rate: int) -> tuple[list[str | Path], str]:
    """ffmpeg's inputs, and a filter that plays them one after another in mono."""
    inputs: list[str | Path] = [word for part in parts for word in ("-i", part)]
    shape = f"aformat=sample_rates={rate}:channel_layouts=mono"
    alike = "".join(f"[{number}:a]{shape}[m{number}];" for number in range(len(parts)))
    names = "".join(f"[m{number}]" for number in range(len(parts)))
    return inputs, f"{alike}{names}concat=n={len(parts)}:v=0:a=1"


def long_recording(folder: Path, minutes: int) -> Path:
    """An MP3 of noise and silence in turn, ten minutes of it over and over."""
    path, part = folder / f"{minutes}.mp3", folder / "part.mp3"
    if not part.exists():
        run_ffmpeg("-f", "lavfi", "-i", BURSTS, "-t", "600", "-b:a", "64k", part)
    return over_again(part, path, minutes * 60)


def over_again(part: Path, target: Path, seconds: float) -> Path:
    """The same encoded sound until it is so long: a recording of many hours in no time."""
    run_ffmpeg("-stream_loop", "-1", "-i", part, "-t", str(seconds), "-c", "copy", target)
    return target


def run_ffmpeg(*arguments: str | Path) -> None:
    subprocess.run([find_ffmpeg(), "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)
