"""What an import would take: lengths that are read, those that are reckoned, and those that nobody knows."""

import errno
from pathlib import Path

import pytest

from tests.fixtures.sounds import encode, tone, write_wav
from tests.fixtures.unreadable import Lock
from worker.imports.estimate import NO_LENGTH, Heads, ListingCounts


def expected(*files: tuple[str, int, int | None]) -> ListingCounts:
    """Of names, sizes and lengths."""
    seen = ListingCounts()
    for file in files:
        seen.add(*file)
    return seen


def test_a_length_that_was_not_read_is_reckoned_by_the_bytes_of_its_own_kind() -> None:
    seen = expected(("a.mp3", 100, 1000), ("b.MP3", 300, None), ("c.wav", 32_000, 1000))
    assert (seen.audio_ms, seen.measured, seen.recordings) == (5000, 2, 3)


def test_one_of_a_kind_that_nobody_could_read_is_as_long_as_the_others() -> None:
    seen = expected(("a.mp3", 100, 1000), ("b.wav", 32_000, 3000), ("c.amr", 5, None))
    assert seen.audio_ms == 6000


def test_where_no_length_was_read_there_is_none_and_a_sentence() -> None:
    seen = expected(("a.mp3", 100, None)).view()
    assert (seen.audio_ms, seen.measured, seen.unknown, seen.cost_usd) == (None, 0, NO_LENGTH, None)
    empty = expected().view()
    assert (empty.audio_ms, empty.unknown) == (0, None)


def test_a_length_that_ffmpeg_has_to_find_is_read_for_a_while(tmp_path: Path) -> None:
    mp3, wav = encode(tmp_path / "a.mp3", tone(5000)), write_wav(tmp_path / "a.wav", tone(2000))
    assert Heads().length_ms(mp3) == pytest.approx(5000, abs=100)
    late = Heads(by_ffmpeg_s=0.0)
    assert (late.length_ms(mp3), late.length_ms(wav)) == (None, 2000)


def test_a_file_that_cannot_be_read_is_told_from_one_without_a_length(tmp_path: Path, lock: Lock) -> None:
    (tmp_path / "a.mp3").write_bytes(b"ID3 and so on")
    assert Heads().length_ms(tmp_path / "a.mp3") is None
    lock(tmp_path / "a.mp3", errno.EIO)
    with pytest.raises(OSError, match="error"):
        Heads().length_ms(tmp_path / "a.mp3")
