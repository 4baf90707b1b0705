"""Where imported recordings are from: links, signed URLs, buckets, folders that still grow."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.fixtures.buckets import BucketServer
from tests.fixtures.doors import opened, settings_for, sound
from tests.fixtures.importing import Filling, counts
from worker.imports.importer import Importer
from worker.imports.life import open_import
from worker.media.sources import fetch_source
from worker.models import Recording


def row(filling: Filling) -> Recording:
    with filling.house.database.reading() as session:
        return session.scalars(select(Recording)).one()


@contextmanager
def signed_site() -> Iterator[tuple[str, set[str]]]:
    """A web server that gives a recording to whoever has one of these signatures."""
    valid = {"one"}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = self.path.rpartition("=")[2] in valid
            self.send_response(200 if good else 403)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", str(len(sound()) if good else 0))
            self.end_headers()
            self.wfile.write(sound() if good else b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  # the base class's
            pass

        def handle(self) -> None:
            with suppress(ConnectionError):  # a look closes after the headers
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/a.wav", valid
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_outside_the_folder_is_opened_wherever_links_lead(filling: Filling, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(sound())
    (outside / "secret.json").write_text('{"external_id": "secret"}')
    filling.put("inside.wav")
    (filling.folder / "file.wav").symlink_to(outside / "secret.wav")
    (filling.folder / "folder").symlink_to(outside)
    (filling.folder / "inside.json").symlink_to(outside / "secret.json")
    (filling.folder / "list.m3u").write_text("/etc/passwd")
    begun = filling.begin(sidecars=True)
    assert counts(filling.done(begun)) == ("succeeded", 3, 0, 0, 3)
    assert filling.problems(begun) == [
        (1, "file.wav", "source_forbidden"),
        (2, "inside.wav", "source_forbidden"),
        (3, "list.m3u", "playlist_refused"),
    ]
    for folder in ("mount://calls/..", "mount://calls/%2e%2e/outside", "mount://calls/folder"):
        answer = filling.client.post("/v1/archives/radio/imports", json={"folder": folder})
        assert (answer.status_code, answer.json()["code"]) == (400, "source_forbidden")


def test_a_signed_url_that_has_expired_is_replaced_and_then_its_bytes_come(filling: Filling, tmp_path: Path) -> None:
    with signed_site() as (url, valid):
        first = filling.begin_manifest([{"url": f"{url}?sig=one", "external_id": "1"}])
        assert counts(filling.done(first)) == ("succeeded", 1, 1, 0, 0)
        valid.clear()
        expired = filling.begin_manifest([{"url": f"{url}?sig=one", "external_id": "1"}])
        filling.done(expired)
        assert filling.problems(expired) == [(1, url, "source_forbidden")]

        valid.add("two")
        again = filling.begin_manifest([{"url": f"{url}?sig=two", "external_id": "1"}])
        assert counts(filling.done(again)) == ("succeeded", 1, 0, 1, 0)
        found = row(filling)
        assert (found.source, found.source_url) == (url, f"{url}?sig=two")
        fetched = fetch_source(found.source_url or "", tmp_path / "a", filling.house.settings, None, lambda _size: None)
        assert fetched.size_bytes == len(sound())
        shown = filling.client.get(f"/v1/imports/{again['id']}").text + filling.client.get("/v1/recordings").text
        assert "sig" not in shown


def test_a_signed_url_without_an_external_id_is_another_recording_unless_it_is_copied(filling: Filling) -> None:
    with signed_site() as (url, valid):
        valid.add("two")
        signed: list[list[object]] = [[{"url": f"{url}?sig={name}"}] for name in ("one", "two")]
        in_place = [filling.done(filling.begin_manifest(rows)) for rows in signed]
        assert [one["added"] for one in in_place] == [1, 1]
        copied = [filling.done(filling.begin_manifest(rows, archive="copies", copy="true")) for rows in signed]
        assert [(one["added"], one["existing"]) for one in copied] == [(1, 0), (0, 1)]


def test_an_external_id_belongs_to_one_source_within_one_manifest_too(filling: Filling) -> None:
    for name in ("a.wav", "b.wav", "c.wav"):
        filling.put(name)
    text = (
        "\ufeffurl,external_id,labels\r\n"
        'mount://calls/a.wav,1,"team=north"\r\n'
        "mount://calls/b.wav,1,\r\n"
        "mount://calls/a.wav,1,\r\n"
        "mount://calls/a.wav,2,\r\n"
        "mount://calls/c.wav,3,\r\n"
    )
    begun = filling.begin_manifest(text)
    assert counts(filling.done(begun)) == ("succeeded", 5, 2, 1, 2)
    assert [(line, code) for line, _, code in filling.problems(begun)] == [
        (3, "duplicate_external_id"),
        (5, "duplicate_external_id"),
    ]
    filling.put("a.wav", sound(9, 3200))
    changed = filling.begin_manifest(text)
    filling.done(changed)
    assert (2, "mount://calls/a.wav", "source_changed") in filling.problems(changed)


def test_copied_recordings_are_known_by_their_bytes(filling: Filling) -> None:
    filling.put("a.wav", sound(1))
    filling.put("b.wav", sound(1))
    filling.put("c.wav", sound(2))
    filling.put("d.wav", b"no sound, but words that are long enough")
    begun = filling.begin(copy=True)
    assert counts(filling.done(begun)) == ("succeeded", 4, 2, 1, 1)
    assert filling.problems(begun) == [(4, "d.wav", "not_audio")]
    assert all(len(str(one["digest"])) == 64 for one in filling.recordings())
    for path in filling.folder.iterdir():
        path.unlink()
    job = filling.client.get("/v1/recordings").json()["items"][0]
    assert job["size_bytes"] == len(sound())


def test_a_file_that_still_grows_is_left_for_the_next_time(filling: Filling) -> None:
    old = time.time() - 300
    for name in ("old.wav", "growing.wav"):
        os.utime(filling.put(name), (old, old))
    filling.put("young.wav")

    class Meanwhile(threading.Event):
        """Between the two looks somebody writes on, and the file's time is put back as a copying program does it."""

        def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002  # nobody needs to wait here
            with (filling.folder / "growing.wav").open("ab") as file:
                file.write(bytes(100))
            os.utime(filling.folder / "growing.wav", (old, old))
            return super().wait(0)

    ask = {"folder": "mount://calls", "transcribe": {"service": "intl"}}
    assert filling.client.put("/v1/archives/radio/source", json=ask).json()["sync"]["folder"] == "mount://calls"
    first = filling.client.post("/v1/archives/radio/sync")
    second = filling.client.post("/v1/archives/radio/sync")
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    Importer(filling.house.database, filling.house.settings, Meanwhile()).work()
    assert [one["source"] for one in filling.recordings()] == ["mount://calls/old.wav"]

    begun = filling.client.post("/v1/archives/radio/sync").json()
    assert counts(filling.done(begun)) == ("succeeded", 2, 1, 1, 0)
    assert len(filling.client.get("/v1/jobs").json()["items"]) == 2
    everything = filling.client.post("/v1/archives/radio/sync", params={"settle_s": 0}).json()
    assert counts(filling.done(everything)) == ("succeeded", 3, 1, 2, 0)


def test_two_syncs_at_once_are_one_import(filling: Filling, monkeypatch: pytest.MonkeyPatch) -> None:
    filling.client.put("/v1/archives/radio/source", json={"folder": "mount://calls", "transcribe": {}})

    def look_slowly(session: Session, archive: str, source: dict[str, Any]) -> str | None:
        found = open_import(session, archive, source)
        time.sleep(0.5)  # the other call comes in between
        return found

    monkeypatch.setattr("api.routes.imports.open_import", look_slowly)
    together = threading.Barrier(2)

    def sync(_number: int) -> httpx.Response:
        together.wait()
        return httpx.post(f"{filling.client.base_url}/v1/archives/radio/sync", trust_env=False, timeout=30)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(sync, range(2)))
    assert sorted(one.status_code for one in answers) == [200, 202]
    assert len({one.json()["id"] for one in answers}) == 1
    assert len(filling.client.get("/v1/archives/radio/imports").json()["items"]) == 1


def test_an_archive_without_a_folder_cannot_be_synced(filling: Filling) -> None:
    assert filling.client.post("/v1/archives/radio/sync").json()["code"] == "unknown_archive"
    filling.client.put("/v1/archives/radio", json={"language": "en"})
    assert filling.client.post("/v1/archives/radio/sync").json()["code"] == "invalid_request"
    wrong = {"folder": "mount://calls", "naming": "{a}{b}"}
    assert filling.client.put("/v1/archives/radio/source", json=wrong).json()["code"] == "invalid_request"
    filling.client.put("/v1/archives/radio/source", json={"folder": "mount://calls"})
    archive = filling.client.put("/v1/archives/radio", json={"channels": "mix"}).json()
    assert (archive["language"], archive["channels"], archive["sync"]["folder"]) == (None, "mix", "mount://calls")
    assert filling.client.delete("/v1/archives/radio/source").json()["sync"] is None


def test_a_bucket_is_imported_in_place_and_its_recordings_are_read_there(
    sqlite_url: str, tmp_path: Path, bucket_server: BucketServer
) -> None:
    with opened(
        settings_for(sqlite_url, tmp_path, s3_endpoint=bucket_server.endpoint, s3_buckets="calls/2024")
    ) as house:
        filling = Filling(house, tmp_path)
        for number in range(3):
            bucket_server.put(f"2024/call {number}.wav", sound(number))
        bucket_server.put("2024/call 1.json", b'{"external_id": "one"}')
        bucket_server.put("2024x/not-meant.wav", sound(9))
        ask: dict[str, Any] = {"folder": "s3://calls/2024", "sidecars": True}
        assert counts(filling.done(filling.begin(**ask))) == ("succeeded", 3, 3, 0, 0)
        assert [one["external_id"] for one in filling.recordings()] == [None, "one", None]
        bucket_server.put("2024/call 3.wav", sound(3))
        assert counts(filling.done(filling.begin(**ask))) == ("succeeded", 4, 1, 3, 0)
        url = "s3://calls/2024/call%201.wav"
        fetched = fetch_source(url, tmp_path / "a", house.settings, None, lambda _size: None)
        assert fetched.size_bytes == len(sound(1)) == (tmp_path / "a").stat().st_size

        bucket_server.put("2024/call 1.wav", sound(7, 3200))
        changed = filling.begin(**ask)
        assert filling.done(changed)["refused"] == 1
        assert filling.problems(changed) == [(2, "call 1.wav", "source_changed")]
        copied = filling.begin("copies", folder="s3://calls/2024", copy=True, patterns=["*0.wav", "*3.wav"])
        assert counts(filling.done(copied)) == ("succeeded", 2, 2, 0, 0)
        job = house.client.post("/v1/jobs", json={"url": "s3://calls/2024/call%202.wav", "archive": "radio"}).json()
        assert job["recording"] in {one["id"] for one in filling.recordings(archive="radio")}
