"""What a recording goes through where pydub is used as its documentation shows it: read whole, cut by its splitter."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from pydub.silence import split_on_silence

from worker.audio.ffmpeg import find_ffmpeg
from worker.audio.windows import AudioSegment

LIMIT_MS = 55_000  # the service takes no segment of a minute and more
SHORT_MS = 20_000  # nothing needs to be cut


def load_audio(path: Path) -> AudioSegment:
    """The whole file at 16 kHz mono. `from_file` wants ffprobe, which is not everywhere that ffmpeg is."""
    AudioSegment.converter = str(find_ffmpeg())
    if path.suffix == ".wav" or shutil.which("ffprobe"):
        whole = AudioSegment.from_file(str(path))
    else:
        whole = AudioSegment.from_file_using_temporary_files(str(path), path.suffix[1:], codec=path.suffix[1:])
    return whole.set_frame_rate(16_000).set_channels(1).set_sample_width(2)


def pieces_of(audio: AudioSegment) -> Sequence[AudioSegment]:
    """By pydub's own splitter with the numbers of its documentation, but that silence is relative to the loudness."""
    if len(audio) <= SHORT_MS:
        return [audio]
    spoken = split_on_silence(audio, min_silence_len=700, silence_thresh=audio.dBFS - 16, keep_silence=300)
    return [part[start : start + LIMIT_MS] for part in spoken for start in range(0, len(part), LIMIT_MS)]
