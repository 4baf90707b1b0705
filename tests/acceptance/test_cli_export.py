"""`longhand export` as a person runs it: over a real door, into folders and a bucket."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from api.cli import main
from tests.fixtures.buckets import BucketServer
from tests.fixtures.doors import House
from tests.fixtures.paths import ROOT
from tests.fixtures.rows import new_recording, submit
from tests.fixtures.spoken import bring, set_recording, spoken
from worker.models import Recording
from worker.recordings import find_or_add
from worker.results.export import Format, export

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def at_the_door(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands talk to the house and write beside it."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("LONGHAND_URL", str(house.client.base_url))
    monkeypatch.setenv("LONGHAND_HOME", str(tmp_path / "home"))


@pytest.fixture
def calls(house: House) -> list[str]:
    """Three recordings: two with transcripts, one that waits; their ids."""
    said = [
        spoken(house.database, number, f"call number {number}", archive="calls", external_id=f"call-{number}")
        for number in (1, 2)
    ]
    for place, claimed in enumerate(said):
        set_recording(house.database, claimed.recording_id, recorded_ms=1_700_000_000_000 + place * 31 * 86_400_000)
    return [claimed.recording_id for claimed in said]


def files(folder: str = "out") -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text() for path in sorted(Path(folder).rglob("*")) if path.is_file()
    }


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_archive_is_written_by_a_pattern_in_several_formats_with_a_manifest(calls: list[str], house: House) -> None:
    pattern = "{archive}/{recorded_at:%Y/%m}/{external_id}"
    assert main(["export", "--archive", "calls", "-o", "out", "-f", "txt", "-f", "srt", "--name", pattern]) == 0
    written = files()
    assert list(written) == [
        "calls/2023/11/call-1.srt",
        "calls/2023/11/call-1.txt",
        "calls/2023/12/call-2.srt",
        "calls/2023/12/call-2.txt",
        "manifest.jsonl",
    ]
    assert written["calls/2023/11/call-1.txt"] == "call number 1\n"
    manifest = {line["external_id"]: line for line in lines(written["manifest.jsonl"])}
    assert [manifest["call-1"][name] for name in ("recording", "status", "sent_s", "cost_usd")] == [
        calls[0],
        "succeeded",
        1.0,
        0.0,
    ]
    assert [file["file"] for file in manifest["call-2"]["files"]] == [
        "calls/2023/12/call-2.txt",
        "calls/2023/12/call-2.srt",
    ]


def test_the_files_are_what_the_server_itself_would_give(calls: list[str], house: House) -> None:
    forms = [word for form in Format for word in ("-f", form.value)]
    assert main(["export", "--archive", "calls", "-o", "out", *forms, "--name", "{recording}"]) == 0
    current = house.client.get(f"/v1/recordings/{calls[0]}").json()["current_transcript"]
    for form in Format:
        given = house.client.get(f"/v1/transcripts/{current}", params={"format": form.value}).text
        if form is Format.JSON:
            given = export(json.loads(given), form)
        assert files()[f"{calls[0]}.{form}"] == given


@pytest.mark.usefixtures("calls")
def test_a_second_run_touches_nothing_that_is_there_and_writes_what_is_new(house: House) -> None:
    assert main(["export", "--archive", "calls", "-o", "out"]) == 0
    before = {path: path.stat().st_ino for path in Path("out").glob("*.txt")}
    spoken(house.database, 3, "a later call", archive="calls")
    Path("out/1.txt").write_text("half of")
    assert main(["export", "--archive", "calls", "-o", "out"]) == 0
    assert list(files()) == ["1.txt", "2.txt", "3.txt", "manifest.jsonl"]
    assert files()["1.txt"] == "call number 1\n"
    assert Path("out/2.txt").stat().st_ino == before[Path("out/2.txt")]
    assert len(lines(files()["manifest.jsonl"])) == 3


def test_an_export_that_is_killed_goes_on_where_it_was(house: House) -> None:
    count = 80
    recording_id = spoken(house.database, 1, "said once", archive="many").recording_id
    with house.database.writing() as session:
        copies = [new_recording(number, archive="many") for number in range(2, count + 1)]
        version = session.get_one(Recording, recording_id).current_transcript_id
        for found in find_or_add(session, copies):
            session.execute(update(Recording).where(Recording.id == found.id).values(current_transcript_id=version))
        session.commit()
    words = ["export", "--archive", "many", "-o", "out", "-f", "txt", "-f", "srt"]
    killed = subprocess.Popen([sys.executable, "-m", "api.cli", *words], env={**os.environ, "PYTHONPATH": str(ROOT)})
    while not list(Path().glob("out/*.txt")) and killed.poll() is None:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    halfway = {path: path.stat().st_ino for path in Path("out").glob("[0-9]*")}
    assert all(path.read_text().count("said once") == 1 for path in halfway)

    assert main(words) == 0
    assert len(list(Path("out").glob("[0-9]*.txt"))) == len(list(Path("out").glob("[0-9]*.srt"))) == count
    assert {path: path.stat().st_ino for path in halfway} == halfway
    assert len(lines(Path("out/manifest.jsonl").read_text())) == count


@pytest.mark.usefixtures("calls")
def test_what_is_missing_is_in_the_manifest_and_in_the_exit_code(house: House, capsys: Captured) -> None:
    submit(house.database, 9)
    assert main(["export", "--archive", "tests", "-o", "out", "--json"]) == 1
    (line,) = lines(capsys.readouterr().out)
    assert (line["status"], line["files"], line["source"]) == ("queued", [], "9.wav")
    assert lines(files()["manifest.jsonl"]) == [line]


@pytest.mark.usefixtures("calls")
def test_a_state_narrows_an_export(house: House, capsys: Captured) -> None:
    job = house.client.get(f"/v1/jobs/{submit(house.database, 9)}").json()
    set_recording(house.database, job["recording"], archive="calls")
    assert main(["export", "--archive", "calls", "-o", "out"]) == 1
    assert len(lines(files()["manifest.jsonl"])) == 3
    assert main(["export", "--archive", "calls", "-o", "out", "--status", "succeeded"]) == 0
    assert [line["status"] for line in lines(files()["manifest.jsonl"])] == ["succeeded"] * 2
    capsys.readouterr()
    assert main(["export", "--archive", "calls", "-o", "out", "--status", "queued", "--dry-run", "--json"]) == 0
    assert [line["job"] for line in lines(capsys.readouterr().out)] == [job["id"]]
    assert main(["export", "--archive", "calls", "-o", "out", "--status", "failed"]) == 1
    assert "nothing to export" in capsys.readouterr().err


def test_the_current_version_is_what_an_archive_gives(calls: list[str], house: House) -> None:
    bring(house.database, calls[0], "as a person wrote it", pin=True)
    assert main(["export", "--archive", "calls", "-o", "out"]) == 0
    assert files()["1.txt"] == "as a person wrote it\n"


@pytest.mark.usefixtures("calls")
def test_jobs_are_exported_by_their_ids(house: House, capsys: Captured) -> None:
    job = house.client.get("/v1/jobs", params={"archive": "calls"}).json()["items"][0]["id"]
    assert main(["export", job, "-o", "out"]) == 0
    assert list(files()) == ["2.txt", "manifest.jsonl"]
    assert main(["export", "nobody", "-o", "out"]) == 1
    assert "nobody" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--name", "{archive}"], "would be written to one file, calls"),
        (["--name", "{label.team}"], "has no label.team"),
        (["--name", "../{name}"], "within the folder"),
        (["--name", "{nothing}"], "no field {nothing}"),
        (["--batch", "b"], "one of --archive, --batch, --campaign"),
    ],
)
@pytest.mark.usefixtures("calls")
def test_what_cannot_have_names_is_refused_before_anything_is_written(
    words: list[str], named: str, capsys: Captured
) -> None:
    assert main(["export", "--archive", "calls", "-o", "out", *words]) == 2
    assert named in capsys.readouterr().err
    assert not Path("out").exists()


def test_two_recordings_of_one_name_are_both_named(calls: list[str], capsys: Captured) -> None:
    assert main(["export", "--archive", "calls", "-o", "out", "--name", "{language}"]) == 2
    message = capsys.readouterr().err
    assert all(recording in message for recording in calls)


@pytest.mark.usefixtures("calls")
def test_a_dry_run_says_what_would_be_and_writes_nothing(house: House, capsys: Captured) -> None:
    submit(house.database, 9)
    assert main(["export", "--archive", "calls", "-o", "out", "-f", "srt", "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == ["2.srt", "1.srt"]
    assert "Would write 2 files of 2 recordings to out; 0 have no transcript." in captured.err
    assert main(["export", "--archive", "tests", "-o", "out", "--dry-run", "--json"]) == 0
    assert lines(capsys.readouterr().out)[0]["status"] == "queued"
    assert not Path("out").exists()


def test_nothing_to_export_is_told(capsys: Captured) -> None:
    assert main(["export", "--archive", "nowhere", "-o", "out"]) == 1
    assert "nothing to export" in capsys.readouterr().err
    assert main(["export", "--campaign", "nobody", "-o", "out"]) == 1
    assert "no campaign 'nobody'" in capsys.readouterr().err


@pytest.mark.usefixtures("calls")
def test_a_bucket_is_written_to_and_gone_on_with(
    bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("LONGHAND_S3_ENDPOINT", bucket_server.endpoint)
    for _ in range(2):
        assert main(["export", "--archive", "calls", "-o", "s3://calls/results", "--name", "{external_id}"]) == 0
    keys = [found.key for found in bucket_server.buckets.listed("s3://calls/")]
    assert keys == ["results/call-1.txt", "results/call-2.txt", "results/manifest.jsonl"]
    written = b"".join(bucket_server.buckets.pieces("s3://calls/results/manifest.jsonl")).decode()
    assert [line["files"][0]["file"] for line in lines(written)] == ["call-2.txt", "call-1.txt"]
    assert main(["export", "--archive", "calls", "-o", "s3://nowhere/results"]) == 1
    assert "s3://nowhere/results/ is not there" in capsys.readouterr().err


@pytest.mark.usefixtures("calls")
def test_a_place_that_cannot_be_written_to_is_told_at_once(capsys: Captured) -> None:
    Path("file").touch()
    assert main(["export", "--archive", "calls", "-o", "file/out"]) == 1
    assert "cannot be read or written" in capsys.readouterr().err
