"""Archives filled over HTTP from folders and manifests, by an importer that really runs."""

import errno
import json
import os
import time
from typing import Any

import pytest

from tests.fixtures.doors import sound
from tests.fixtures.importing import Filling, counts
from tests.fixtures.unreadable import Lock

NAMING = "{recorded_at}/{agent}_{external_id}.wav"


def test_a_folder_becomes_recordings_in_place_and_nothing_is_transcribed(filling: Filling) -> None:
    filling.put("2024-05-01/ann_17.wav")
    filling.put("2024-05-02/bob_18.wav")
    filling.put("notes.txt", b"no sound")
    begun = filling.begin(naming=NAMING)
    assert (begun["status"], begun["rows"], begun["transcribe"], begun["batch"]) == ("queued", 0, None, None)

    assert counts(filling.done(begun)) == ("succeeded", 2, 2, 0, 0)
    first, second = filling.recordings(archive="radio")
    assert (first["external_id"], first["labels"], first["recorded_at"]) == (
        "17",
        {"agent": "ann"},
        "2024-05-01T00:00:00.000Z",
    )
    assert (second["source"], second["digest"]) == ("mount://calls/2024-05-02/bob_18.wav", None)
    assert filling.client.get("/v1/jobs").json()["items"] == []
    assert filling.house.media() == []


def test_the_same_again_adds_nothing(filling: Filling) -> None:
    for number in range(3):
        filling.put(f"{number}.wav")
    filling.done(filling.begin())
    filling.put("3.wav")
    assert counts(filling.done(filling.begin())) == ("succeeded", 4, 1, 3, 0)


def test_with_transcribe_there_is_a_job_for_each_as_one_batch(filling: Filling) -> None:
    filling.put("a.wav")
    filling.put("b.wav", sound(2))
    filling.put("b.json", json.dumps({"language": "en", "external_id": "b", "duration": 7}).encode())
    begun = filling.begin(sidecars=True, transcribe={"service": "intl", "lane": "bulk", "voice": True})
    ended = filling.done(begun)
    jobs = filling.client.get("/v1/jobs", params={"batch": ended["batch"]}).json()["items"]
    assert counts(ended) == ("succeeded", 2, 2, 0, 0), filling.problems(begun)
    assert [(job["external_id"], job["spec"]["language"], job["spec"]["lane"]) for job in jobs] == [
        ("b", "en", "bulk"),
        (None, None, "bulk"),
    ]
    assert all(job["spec"]["voice"] and job["spec"]["service"] == "intl" for job in jobs)
    assert filling.client.get(f"/v1/batches/{ended['batch']}").json()["jobs"] == 2


def test_a_row_that_cannot_be_used_is_told_by_its_number_and_stops_no_other(filling: Filling) -> None:
    filling.put("good.wav")
    filling.put("empty.wav", b"")
    filling.put("text.wav", b"this is no sound at all, only words")
    rows = [
        {"url": "mount://calls/good.wav", "external_id": "1", "recorded_at": "2024-01-31T10:15:00+01:00"},
        {"url": "mount://calls/none.wav"},
        {"url": "mount://calls/empty.wav"},
        "mount://calls/text.wav",
        {"url": "ftp://calls/a.wav"},
        {"external_id": "2"},
        {"url": "mount://calls/good.wav", "language": "english"},
        {"url": "mount://calls/good.wav", "colour": "red"},
        17,
    ]
    begun = filling.begin_manifest(rows)
    assert begun["total"] == 9
    assert counts(filling.done(begun)) == ("succeeded", 9, 1, 0, 8)
    assert [(line, code) for line, _, code in filling.problems(begun)] == [
        (2, "source_missing"),
        (3, "empty_file"),
        (4, "not_audio"),
        (5, "invalid_request"),
        (6, "invalid_row"),
        (7, "invalid_row"),
        (8, "invalid_row"),
        (9, "invalid_request"),
    ]
    (recording,) = filling.recordings()
    assert recording["recorded_at"] == "2024-01-31T09:15:00.000Z"
    page = filling.client.get(f"/v1/imports/{begun['id']}/problems", params={"limit": 3}).json()
    rest = filling.client.get(f"/v1/imports/{begun['id']}/problems", params={"cursor": page["next"]}).json()
    assert ([one["line"] for one in rest["items"]], rest["next"]) == ([5, 6, 7, 8, 9], None)
    assert "language" in rest["items"][2]["error"]["message"]


@pytest.mark.parametrize("ask", [{}, {"copy": True}, {"sidecars": True}])
def test_a_file_that_may_not_be_read_is_a_row_of_its_own(filling: Filling, lock: Lock, ask: dict[str, Any]) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        filling.put(name)
    lock(filling.folder / "b.wav")
    lock(filling.put("c.json", b"{}"))
    begun = filling.begin(**ask)
    locked = [(2, "b.wav", "source_forbidden")]
    locked += [(3, "c.wav", "source_forbidden")] if "sidecars" in ask else []
    assert counts(filling.done(begun)) == ("succeeded", 3, 3 - len(locked), 0, len(locked))
    assert filling.problems(begun) == locked


def test_a_file_that_the_disk_does_not_give_is_a_row_of_its_own(filling: Filling, lock: Lock) -> None:
    filling.put("a.wav")
    lock(filling.put("b.wav"), errno.EIO)
    lock(filling.put("c.wav"), errno.ENOENT)
    begun = filling.begin()
    assert counts(filling.done(begun)) == ("succeeded", 3, 1, 0, 2)
    assert [(line, code) for line, _, code in filling.problems(begun)] == [
        (2, "source_unreachable"),
        (3, "source_missing"),
    ]


def test_a_dry_run_counts_a_file_that_may_not_be_read_among_the_refused(filling: Filling, lock: Lock) -> None:
    filling.put("a.wav")
    lock(filling.put("b.wav"))
    answer = filling.client.post("/v1/archives/radio/imports", json={"folder": "mount://calls", "dry_run": True})
    assert (answer.status_code, answer.json()["recordings"], answer.json()["refused"]) == (200, 1, 1)


def test_a_sync_takes_what_is_beside_a_file_that_may_not_be_read(filling: Filling, lock: Lock) -> None:
    for name in ("a.wav", "b.wav"):
        os.utime(filling.put(name), (time.time() - 300,) * 2)
    lock(filling.folder / "a.wav")
    filling.client.put("/v1/archives/radio/source", json={"folder": "mount://calls"})
    begun = filling.client.post("/v1/archives/radio/sync").json()
    assert counts(filling.done(begun)) == ("succeeded", 2, 1, 0, 1)
    assert filling.problems(begun) == [(1, "a.wav", "source_forbidden")]
