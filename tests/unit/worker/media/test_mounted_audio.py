"""A recording in a mounted folder is decoded from the file that was opened, whatever is put in its place."""

from pathlib import Path

import pytest

from tests.fixtures.sounds import decode_all, encode, silence, tone
from worker.audio.lengths import said_length_ms
from worker.errors import SourceChanged
from worker.media.mounts import digest_of, opened_mounted


@pytest.mark.parametrize("ending", ["mp3", "flac", "wav"])
@pytest.mark.parametrize("channels", [1, 2])
def test_ffmpeg_reads_the_file_that_was_opened(tmp_path: Path, ending: str, channels: int) -> None:
    (tmp_path / "calls").mkdir()
    name = tmp_path / "calls" / f"a.{ending}"
    encode(name, *[tone(3000, rate=44_100)] * channels, rate=44_100)
    kept = name.read_bytes()
    other = encode(tmp_path / f"other.{ending}", silence(9000))

    def decode() -> None:
        with opened_mounted(f"mount://calls/a.{ending}", {"calls": tmp_path / "calls"}, None) as path:
            before = digest_of(path, lambda _size: None)
            other.replace(name)
            assert said_length_ms(path) == pytest.approx(3000, abs=100)
            windows, found, duration_ms = decode_all(path)
            assert found == channels
            assert duration_ms == pytest.approx(3000, abs=100)
            assert windows[1].dBFS > -20
            assert digest_of(path, lambda _size: None) == before
            assert path.read_bytes() == kept

    with pytest.raises(SourceChanged):
        decode()
