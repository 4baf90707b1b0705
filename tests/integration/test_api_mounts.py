"""Recordings in mounted folders, submitted by name."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.doors import House, opened, settings_for, sound


@pytest.fixture
def mounted(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "calls"
    folder.mkdir()
    (folder / "a b.wav").write_bytes(sound())
    with opened(settings_for(sqlite_url, tmp_path, media_roots=f"calls={folder}")) as made:
        yield made


def test_a_mounted_recording_is_registered_in_place(mounted: House) -> None:
    job = mounted.client.post("/v1/jobs", json={"url": "mount://calls/a%20b.wav"}).json()
    recording = mounted.client.get(f"/v1/recordings/{job['recording']}").json()

    assert (job["source"], job["existing"]) == ("mount://calls/a%20b.wav", False)
    assert (recording["size_bytes"], recording["digest"]) == (len(sound()), None)
    assert mounted.client.post("/v1/jobs", json={"url": "mount://calls/a%20b.wav"}).json()["existing"] is True
    assert mounted.media() == []


def test_a_file_that_was_changed_is_another_recording(mounted: House) -> None:
    first = mounted.client.post("/v1/jobs", json={"url": "mount://calls/a%20b.wav"}).json()
    (mounted.settings.roots["calls"] / "a b.wav").write_bytes(sound(1, 3200))
    again = mounted.client.post("/v1/jobs", json={"url": "mount://calls/a%20b.wav"}).json()
    assert again["recording"] != first["recording"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mount://calls/none.wav", "source_missing"),
        ("mount://calls/../longhand.db", "source_forbidden"),
        ("mount://radio/a.wav", "invalid_request"),
        ("file:///etc/passwd", "invalid_request"),
    ],
)
def test_what_cannot_be_registered_is_told_at_the_door_and_in_a_manifest(mounted: House, url: str, code: str) -> None:
    assert mounted.client.post("/v1/jobs", json={"url": url}).json()["code"] == code
    lines = {"Content-Type": "application/x-ndjson"}
    told = mounted.client.post("/v1/batches", content=json.dumps({"url": url}).encode(), headers=lines).json()
    assert [problem["error"]["code"] for problem in told["problems"]] == [code]
