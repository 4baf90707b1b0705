"""A job half done under one ffmpeg goes on under another, whose PCM is not the same, and sends only what is missing."""

import hashlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.fixtures.requirements import skip_or_fail
from tests.fixtures.sounds import LIMITS, encode, talk
from tests.fixtures.waiting import wait_for
from tests.fixtures.worker_processes import Fleet, running_fleet
from worker.audio.windows import open_audio
from worker.states import SegmentState

BUNDLED = Path(imageio_ffmpeg.get_ffmpeg_exe())
SEGMENTS = 16
TALK = ((2000, 2200),) * SEGMENTS
OTHER_DECODERS = {"ogg": "libopus", "m4a": "aac_fixed"}
ENCODERS = {"ogg": "libopus", "m4a": "aac"}


@pytest.fixture
def fleet(tmp_path: Path, sqlite_url: str, redis_url: str) -> Iterator[Fleet]:
    with running_fleet(tmp_path, database_url=sqlite_url, redis_url=redis_url) as made:
        yield made


@pytest.fixture
def no_ffmpeg_on_path(tmp_path: Path) -> str:
    """A PATH on which the bundled ffmpeg is the only one that is found."""
    folder = tmp_path / "bin-without"
    folder.mkdir()
    return str(folder)


def path_with_other_decoder(tmp_path: Path, decoder: str) -> str:
    """A PATH whose ffmpeg is the bundled one made to use its other decoder of the same codec."""
    program = tmp_path / "bin-with" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {BUNDLED} -c:a {decoder} "$@"\n')
    program.chmod(0o755)
    return str(program.parent)


def path_with_system_ffmpeg() -> str:
    if shutil.which("ffmpeg") is None:
        skip_or_fail("ffmpeg", "no ffmpeg on PATH beside the bundled one")
    return os.environ["PATH"]


def pcm_digest(path: Path, ffmpeg: Path) -> str:
    with open_audio(path, LIMITS, ffmpeg=ffmpeg) as decoding:
        return hashlib.sha256(b"".join(window.raw_data for window in decoding)).hexdigest()


def answered(fleet: Fleet, job_id: str) -> dict[int, int | None]:
    """Segments with an answer, and which."""
    done = [segment for segment in fleet.segments(job_id) if segment.state == SegmentState.ANSWERED]
    return {segment.id: segment.answer_id for segment in done}


@pytest.mark.parametrize("other", ["decoder", "system"])
@pytest.mark.parametrize("ending", ["ogg", "m4a"])
def test_only_what_was_missing_is_sent_under_another_ffmpeg(
    fleet: Fleet, ending: str, other: str, no_ffmpeg_on_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder = OTHER_DECODERS[ending]
    first_path = path_with_system_ffmpeg() if other == "system" else path_with_other_decoder(fleet.folder, decoder)
    recording = encode(fleet.folder / f"talk.{ending}", talk(*TALK), options=("-c:a", ENCODERS[ending]))
    first_ffmpeg = Path(str(shutil.which("ffmpeg", path=first_path)))
    assert pcm_digest(recording, first_ffmpeg) != pcm_digest(recording, BUNDLED)

    fleet.start_service(latency_ms=300)
    fleet.start_dispatcher()
    monkeypatch.setenv("PATH", first_path)
    first = fleet.start_worker()
    job_id = fleet.submit(recording)
    wait_for(lambda: len(answered(fleet, job_id)) >= SEGMENTS // 4)
    first.send_signal(signal.SIGTERM)
    assert first.wait(timeout=30) == 0
    before, sent_before = answered(fleet, job_id), len(fleet.received())
    assert len(before) == sent_before < SEGMENTS

    monkeypatch.setenv("PATH", no_ffmpeg_on_path)
    fleet.start_worker()
    assert fleet.ended(job_id).status == "succeeded"
    assert len(fleet.received()) == SEGMENTS
    assert answered(fleet, job_id).items() >= before.items()
    assert len(fleet.transcript(job_id).segments) == SEGMENTS
