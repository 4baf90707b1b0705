"""An export writes what is missing, whole, and says of each recording what came of it."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.buckets import BucketServer
from tests.fixtures.export_items import item
from worker.errors import SourceMissing, SourceUnreachable, StorageFailed
from worker.exports.destinations import Destination, Folder, Prefix
from worker.exports.patterns import parse_pattern
from worker.exports.plan import ExportPlan
from worker.exports.run import Line, NotFetched, planned, run
from worker.media.buckets import Buckets
from worker.results.export import Format, export

plans: list[ExportPlan] = []  # of this test, to be closed: Python 3.13 warns of a connection that nobody has closed


def transcript(transcript_id: str) -> dict[str, Any]:
    segment = {"channel": 0, "start_ms": 0, "end_ms": 1000, "text": f"said in {transcript_id}"}
    segment |= {"language": None, "emotion": None}
    return {"text": segment["text"], "segments": [segment], "gaps": []}


@pytest.fixture(autouse=True)
def _closed_plans() -> Iterator[None]:
    yield
    while plans:
        plans.pop().close()


def planned_for(
    *rows: Mapping[str, Any], forms: tuple[Format, ...] = (Format.TXT,), pattern: str = "{name}"
) -> ExportPlan:
    plan = ExportPlan(parse_pattern(pattern), forms)
    plans.append(plan)
    for row in rows:
        plan.add(row)
    plan.check()
    return plan


@pytest.fixture(params=["folder", "bucket"])
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Destination]:
    """A folder, and a prefix of a bucket."""
    if request.param == "folder":
        yield Folder(tmp_path / "out")
        return
    server: BucketServer = request.getfixturevalue("bucket_server")
    yield Prefix(server.buckets, "s3://calls/a b/out/")


def sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def test_files_and_their_digests_are_what_the_manifest_says(destination: Destination) -> None:
    plan = planned_for(item(1), forms=(Format.TXT, Format.JSON), pattern="{archive}/{external_id}")
    (line,) = run(plan, destination, transcript)
    assert line == {
        "external_id": "call-1",
        "recording": "r1",
        "source": "1.wav",
        "archive": "calls",
        "job": "j1",
        "transcript": "t1",
        "status": "succeeded",
        "files": [
            {"format": "txt", "file": "calls/call-1.txt", "digest": sha256("said in t1\n"), "size_bytes": 11},
            {"format": "json", "file": "calls/call-1.json", **measured(export(transcript("t1"), Format.JSON))},
        ],
        "sent_s": 1.5,
        "cost_usd": 0.0,
        "error": None,
    }
    assert {file["digest"] for file in line["files"]} == {destination.digest(file["file"]) for file in line["files"]}


def measured(content: str) -> dict[str, Any]:
    return {"digest": sha256(content), "size_bytes": len(content.encode())}


def test_what_failed_and_what_was_never_asked_for_has_its_line_too(destination: Destination) -> None:
    error = {"code": "damaged_audio", "message": "The file cannot be decoded."}
    failed = item(1, transcript=None, status="failed", error=error)
    never = item(2, transcript=None, status="missing", job=None)
    lines = list(run(planned_for(failed, never, item(3)), destination, transcript))
    assert [(line["status"], len(line["files"])) for line in lines] == [("failed", 0), ("missing", 0), ("succeeded", 1)]
    assert [line["error"] for line in lines] == [error, None, None]


class Watched:
    """A folder that notes what is written."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self.written: list[str] = []

    def check(self) -> None:
        self._destination.check()

    def digest(self, name: str) -> str | None:
        return self._destination.digest(name)

    def write(self, name: str, content: Any) -> None:  # noqa: ANN401  # bytes, or a file of them
        self.written.append(name)
        self._destination.write(name, content)


def test_a_second_run_writes_only_what_is_missing_or_another(destination: Destination) -> None:
    rows = [item(number) for number in range(1, 5)]
    first = list(run(planned_for(*rows[:3]), destination, transcript))
    destination.write("2.txt", b"half of")
    watched = Watched(destination)
    again = list(run(planned_for(*rows), watched, transcript))
    assert sorted(watched.written) == ["2.txt", "4.txt"]
    assert again[:3] == first


def test_what_cannot_be_fetched_or_written_is_told_and_stops_no_other(tmp_path: Path) -> None:
    def fetch(transcript_id: str) -> dict[str, Any]:
        if transcript_id == "t1":
            raise NotFetched("unknown_transcript", "There is none.")
        return transcript(transcript_id)

    (tmp_path / "2.txt").mkdir()
    lines = list(run(planned_for(item(1), item(2), item(3)), Folder(tmp_path), fetch))
    assert [line["status"] for line in lines] == ["not_written", "not_written", "succeeded"]
    assert [line["error"] and line["error"]["code"] for line in lines] == ["unknown_transcript", "storage_failed", None]


def test_lines_keep_the_order_and_only_a_few_are_under_way(tmp_path: Path) -> None:
    rows, begun, together, lock = [item(number) for number in range(60)], set[str](), [0], threading.Lock()

    def fetch(transcript_id: str) -> dict[str, Any]:
        with lock:
            begun.add(transcript_id)
        return transcript(transcript_id)

    lines: list[Line] = []
    for line in run(planned_for(*rows), Folder(tmp_path), fetch, at_once=3):
        lines.append(line)
        together.append(len(begun) - len(lines))
    assert [line["recording"] for line in lines] == [f"r{number}" for number in range(60)]
    assert max(together) <= 3 * 2 + 1


def test_who_stops_reading_stops_the_export(tmp_path: Path) -> None:
    lines = run(planned_for(*map(item, range(100))), Folder(tmp_path), transcript, at_once=2)
    next(lines)
    lines.close()  # type: ignore[attr-defined]  # a generator
    assert len(list(tmp_path.iterdir())) < 20


def test_a_dry_run_fetches_and_writes_nothing() -> None:
    lines = list(planned(planned_for(item(1), item(2, transcript=None, status="queued"))))
    assert [line["files"] for line in lines] == [[{"format": "txt", "file": "1.txt"}], []]


def test_a_bucket_that_is_not_there_or_does_not_answer_is_told_at_once(bucket_server: BucketServer) -> None:
    with pytest.raises(SourceMissing, match="s3://not-there/x/ is not there"):
        Prefix(bucket_server.buckets, "s3://not-there/x").check()
    with pytest.raises(SourceUnreachable):
        Prefix(Buckets("http://127.0.0.1:9"), "s3://calls").check()
    Prefix(bucket_server.buckets, "s3://calls/empty").check()


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="file/out"):
        Folder(tmp_path / "file" / "out").check()


def test_keys_stay_under_the_prefix(bucket_server: BucketServer) -> None:
    Prefix(bucket_server.buckets, "s3://calls/deep/er").write("50% of/ä#?.txt", b"x")
    Prefix(bucket_server.buckets, "s3://calls").write("top.txt", b"x")
    assert [found.key for found in bucket_server.buckets.listed("s3://calls")] == ["deep/er/50% of/ä#?.txt", "top.txt"]
