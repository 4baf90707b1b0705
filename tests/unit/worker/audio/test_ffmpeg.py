"""The child process: found, fenced in, listened to, and gone in the end. Shell scripts play a bad ffmpeg."""

import os
import sys
from pathlib import Path

import psutil
import pytest

from worker.audio.ffmpeg import ADDRESS_SPACE_BYTES, NOTES_BYTES, Ffmpeg, duration_ms, find_ffmpeg
from worker.errors import DecoderFailed

SHELL = Path("/bin/sh")


def script(text: str, *, stall_s: float = 10) -> Ffmpeg:
    return Ffmpeg(SHELL, ["-c", text], stall_s=stall_s)


def test_output_is_read_exactly_and_to_its_end() -> None:
    with script("printf abcdefg") as process:
        assert [process.read(3), process.read(3), process.read(3), process.read(3)] == [b"abc", b"def", b"g", b""]
        assert process.wait() == 0


def test_a_flood_of_complaints_neither_blocks_nor_fills_memory() -> None:
    complaint = "a complaint of a hundred letters " + "x" * 67
    flood = f"i=0; while [ $i -lt 4000 ]; do echo {complaint} >&2; i=$((i+1)); done"
    with script(f"{flood}; echo done") as process:
        assert process.read(100) == b"done\n"
        assert len(process.notes) == NOTES_BYTES


def test_one_that_gives_nothing_is_given_up() -> None:
    with script("echo a; sleep 60", stall_s=0.2) as process:
        with pytest.raises(DecoderFailed, match=r"gave nothing"):
            process.read(100)
        pid = process.pid
    assert not psutil.pid_exists(pid)


def test_complaining_is_no_progress() -> None:
    text = "while :; do echo complaint >&2; sleep 0.02; done"
    with script(text, stall_s=0.3) as process, pytest.raises(DecoderFailed, match=r"gave nothing"):
        process.read(100)


def test_one_that_closes_its_output_and_stays_is_given_up() -> None:
    with script("exec >&-; sleep 60", stall_s=0.2) as process:
        assert process.read(100) == b""
        with pytest.raises(DecoderFailed, match="did not end"):
            process.wait()


def test_it_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", "hush")
    with Ffmpeg(Path(sys.executable), ["-c", "import os; print(sorted(os.environ))"]) as process:
        assert b"KEY" not in (seen := process.read(10_000))
        assert b"PATH" not in seen


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set from outside, which Linux alone can")
def test_its_address_space_is_limited_and_it_can_write_no_file(tmp_path: Path) -> None:
    with script("read line") as _unlimited, script("sleep 5") as process:
        child = psutil.Process(process.pid)
        assert child.rlimit(psutil.RLIMIT_AS) == (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES)
        assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)


def test_ctrl_c_in_our_terminal_does_not_reach_it() -> None:
    with script("sleep 5") as process:
        assert os.getsid(process.pid) != os.getsid(0)


def test_a_program_that_is_none_is_the_machines_fault() -> None:
    with pytest.raises(DecoderFailed, match="cannot be started"):
        Ffmpeg(Path("/nowhere/ffmpeg"), [])


def test_the_one_on_path_comes_before_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "ffmpeg"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_ffmpeg() == own
    own.unlink()
    assert "imageio_ffmpeg" in str(find_ffmpeg())


@pytest.mark.parametrize(
    ("notes", "found"),
    [
        (b"Input #0\n  Duration: 00:00:03.03, start: 0.0", 3030),
        (b"  Duration: 25:01:02.50, bitrate: 1", ((25 * 60 + 1) * 60 + 2) * 1000 + 500),
        (b"  Duration: N/A, bitrate: 1", None),
        (b"title: Duration: 00:00:03.03", None),
        (b"", None),
    ],
)
def test_the_length_that_ffmpeg_notes(notes: bytes, found: int | None) -> None:
    assert duration_ms(notes) == found
