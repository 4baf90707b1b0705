"""Memory is flat in the length of a recording. `python -m bench.memory` and `bench.worker_memory` print the figures."""

from pathlib import Path

from bench.memory import measure

FLAT_MB, MOST_MB = 20, 200  # with ffmpeg


def test_decoding_and_cutting_an_hour_takes_no_more_memory_than_ten_minutes(tmp_path: Path) -> None:
    short, long = (measure("longhand", tmp_path, minutes).total_mb for minutes in (10, 60))
    assert long < min(short + FLAT_MB, MOST_MB)
