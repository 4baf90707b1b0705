"""The commands against a running stack: real processes, with the scripted engine."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import main
from tests.fixtures.command_line import UpStack, cut_sample, json_lines, running_up
from tests.fixtures.paths import ROOT
from tests.fixtures.waiting import wait_for
from worker.errors import TruncatedFile

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UpStack]:
    with running_up(tmp_path_factory.mktemp("stack") / "home") as up:
        yield up


@pytest.fixture(autouse=True)
def at_home(stack: UpStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands find the stack by its home alone."""
    monkeypatch.setenv("LONGHAND_HOME", str(stack.home))
    monkeypatch.chdir(tmp_path)


def test_a_recording_s_transcript_goes_to_stdout_and_nothing_else_does(tmp_path: Path, capsys: Captured) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 0, 4)
    assert main(["transcribe", str(recording)]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip()
    assert "talk.wav" not in captured.out
    assert "talk.wav: 4.0 s of audio" in captured.err


def test_a_folder_s_tree_is_mirrored_and_a_bad_file_stops_no_other(tmp_path: Path, capsys: Captured) -> None:
    calls = tmp_path / "calls"
    cut_sample(calls / "may" / "first.wav", 2, 5)
    cut_sample(calls / "second.wav", 5, 8)
    (calls / "broken.mp3").write_text("no sound at all")
    assert main(["transcribe", str(calls), "-o", "out", "-f", "srt"]) == 1
    written = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*") if path.is_file())
    assert written == ["may/first.srt", "second.srt"]
    assert "-->" in Path("out/second.srt").read_text()
    (problem,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("broken.mp3")]
    assert "WAV, MP3" in problem


def test_the_same_again_sends_nothing(tmp_path: Path, capsys: Captured) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 8, 11))
    assert main(["transcribe", recording, "--json"]) == 0
    assert main(["transcribe", recording, "--json", "--archive", "another"]) == 0
    first, again = json_lines(capsys.readouterr().out)
    assert first["sent_ms"] == again["reused_ms"] != 0
    assert again["sent_ms"] == 0
    assert first["transcript"]["text"] == again["transcript"]["text"]  # type: ignore[index]  # JSON


def test_a_transcript_that_cannot_be_written_is_reported_and_stops_no_other(tmp_path: Path, capsys: Captured) -> None:
    for number in range(2):
        cut_sample(tmp_path / "in" / f"{number}.wav", 24 + number, 25 + number)
    Path("out/0.txt").mkdir(parents=True)
    assert main(["transcribe", "in", "-o", "out", "--json"]) == 1
    lines = {Path(str(line["file"])).name: line for line in json_lines(capsys.readouterr().out)}
    assert lines["0.wav"]["error"]["code"] == "storage_failed"  # type: ignore[index]  # JSON
    assert lines["1.wav"]["output"] == "out/1.txt"


def test_a_reader_that_goes_away_ends_the_command_in_peace(tmp_path: Path) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 0, 2)
    command = f"{sys.executable} -m api.cli transcribe {recording} | true"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def test_equal_files_under_two_names_both_get_their_transcript(tmp_path: Path) -> None:
    cut_sample(tmp_path / "in" / "one.wav", 11, 13)
    (tmp_path / "in" / "two.wav").write_bytes((tmp_path / "in" / "one.wav").read_bytes())
    assert main(["transcribe", "in", "-o", "out"]) == 0
    assert Path("out/one.txt").read_text() == Path("out/two.txt").read_text() != ""


def test_a_file_whose_name_is_no_utf_8_is_transcribed_like_any_other(tmp_path: Path, capsys: Captured) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9.wav")
    cut_sample(tmp_path / "plain.wav", 27, 29).rename(odd)
    assert main(["transcribe", str(odd), "--json"]) == 0
    assert main(["transcribe", str(odd), "-o", "out"]) == 0
    (line,) = json_lines(capsys.readouterr().out)
    assert line["file"] == str(odd)
    assert [os.fsencode(path.name) for path in Path("out").iterdir()] == [b"caf\xe9.txt"]


def test_several_transcripts_on_stdout_keep_the_order_of_the_files(tmp_path: Path, capsys: Captured) -> None:
    names = [str(cut_sample(tmp_path / f"{n}.wav", 13 + n, 15 + n)) for n in range(3)]
    assert main(["transcribe", *names]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("==>")]
    assert heads == ["==> 0.wav <==", "==> 1.wav <==", "==> 2.wav <=="]


def test_a_recording_that_failed_is_tried_again_when_somebody_asks_for_it(tmp_path: Path, capsys: Captured) -> None:
    whole = cut_sample(tmp_path / "talk.wav", 18, 20).read_bytes()
    (tmp_path / "broken.wav").write_bytes(whole[:60])
    ended = []
    for _ in range(2):
        assert main(["transcribe", "broken.wav", "--archive", "broken"]) == 1
        assert main(["status", "--archive", "broken", "--json"]) == 0
        ended += json_lines(capsys.readouterr().out)
    assert ended[0]["id"] == ended[1]["id"]
    assert ended[0]["finished_at"] != ended[1]["finished_at"]


def test_a_submission_can_be_followed_shown_and_exported(tmp_path: Path, capsys: Captured) -> None:
    cut_sample(tmp_path / "in" / "a.wav", 20, 22)
    cut_sample(tmp_path / "in" / "b.wav", 22, 24)
    assert main(["submit", "in", "--archive", "radio", "--json"]) == 0
    jobs = json_lines(capsys.readouterr().out)
    batch = str(jobs[0]["batch"])
    assert main(["watch", "--batch", batch]) == 0
    assert main(["status", "--archive", "radio", "--json"]) == 0
    shown = json_lines(capsys.readouterr().out)
    assert {job["id"] for job in shown} == {job["id"] for job in jobs}
    assert {job["status"] for job in shown} == {"succeeded"}
    assert main(["usage", "--archive", "radio", "--json"]) == 0
    (used,) = json_lines(capsys.readouterr().out)
    assert (used["jobs"], used["audio_ms"], used["cost_usd"]) == (2, 4000, 0.0)
    assert main(["usage"]) == 0
    assert "radio" in capsys.readouterr().out
    assert main(["export", "--archive", "radio", "-o", "out", "-f", "vtt"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.vtt", "b.vtt", "manifest.jsonl"]


def test_a_dry_run_says_what_would_be_sent_by_earlier_jobs(tmp_path: Path, capsys: Captured) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 3, 6))
    assert main(["transcribe", recording, "--archive", "dry"]) == 0
    capsys.readouterr()
    assert main(["submit", "--dry-run", recording, "--archive", "dry"]) == 0
    shown = capsys.readouterr().out
    assert "0:00:03" in shown
    assert "of the length, by earlier jobs" in shown
    assert "0.00 USD" in shown


def test_a_budget_is_set_shown_and_lifted_and_jobs_wait_for_it(tmp_path: Path, capsys: Captured) -> None:
    recording = str(cut_sample(tmp_path / "talk.wav", 12, 17))
    assert main(["budget", "set", "--archive", "dear", "--hours", "5"]) == 1
    assert "there is no archive 'dear'" in capsys.readouterr().err
    assert main(["archive", "set", "dear"]) == 0
    assert main(["budget", "set", "--archive", "dear", "--day-hours", "0", "--hours", "5"]) == 0
    assert main(["submit", recording, "--archive", "dear", "--json"]) == 0
    (job,) = [line for line in json_lines_of(capsys.readouterr().out) if "id" in line]
    wait_for(lambda: code_of(str(job["id"]), capsys) == "budget_exhausted")

    assert main(["budget", "list", "--archive", "dear"]) == 0
    captured = capsys.readouterr()
    assert "archive dear, a day: 0 of 0 h spent" in captured.out
    assert "its jobs wait until" in captured.err
    other = str(cut_sample(tmp_path / "other.wav", 1, 2))
    assert main(["submit", other, "--archive", "dear"]) == 0
    assert "Warning: The budget of archive dear, a day: it is used up" in capsys.readouterr().err
    assert main(["budget", "remove", "--archive", "dear", "--period", "day"]) == 0
    assert main(["watch", str(job["id"])]) == 0
    capsys.readouterr()
    assert main(["budget", "list", "--archive", "dear", "--json"]) == 0
    (left,) = json_lines(capsys.readouterr().out)
    assert (left["period"], left["level"]) == ("all", "open")
    assert left["spent_ms"] != 0
    assert main(["budget", "remove", "--archive", "dear"]) == 0
    assert main(["budget", "remove", "--archive", "dear"]) == 2


def json_lines_of(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def code_of(job_id: str, capsys: Captured) -> str | None:
    capsys.readouterr()
    assert main(["status", job_id, "--json"]) == 0
    (job,) = json_lines(capsys.readouterr().out)
    waiting: dict[str, str] | None = job["waiting"]  # type: ignore[assignment]  # JSON
    return waiting["code"] if waiting else None


def test_a_correction_is_brought_pinned_and_given_up_again(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 4, 6)
    assert main(["transcribe", str(recording), "--archive", "corrected", "--json"]) == 0
    assert main(["status", "--archive", "corrected", "--json"]) == 0
    recording_id = str(json_lines(capsys.readouterr().out)[-1]["recording"])

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"As it was said.")))
    assert main(["versions", "add", recording_id, "-", "--format", "txt", "--pin", "--json"]) == 0
    brought = json_lines(capsys.readouterr().out)[0]
    assert main(["versions", "show", str(brought["id"])]) == 0
    assert capsys.readouterr().out == "As it was said.\n"

    assert main(["versions", "list", recording_id, "--json"]) == 0
    new, old = json_lines(capsys.readouterr().out)
    assert (new["id"], new["pinned"], old["current"]) == (brought["id"], True, False)
    assert main(["versions", "compare", str(new["id"]), str(old["id"])]) == 0
    assert capsys.readouterr().out.startswith("Error ")
    assert main(["versions", "use", recording_id, str(old["id"])]) == 0
    assert main(["versions", "list", recording_id]) == 0
    marks = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert marks[1] == "*" != marks[0]


def test_what_was_said_is_found_with_its_place(tmp_path: Path, capsys: Captured) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 14, 18)
    assert main(["transcribe", str(recording), "--archive", "heard"]) == 0
    first, second, *_ = capsys.readouterr().out.split()
    assert main(["search", f'"{first} {second}"', "--archive", "heard"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("0:00:00  talk.wav  (")
    assert f"{first} {second}" in line
    assert main(["search", first, "--archive", "heard", "--json"]) == 0
    assert f"<mark>{first}</mark>" in str(json_lines(capsys.readouterr().out)[0]["snippet"])
    assert main(["search", first, "--archive", "nowhere"]) == 0
    assert "Nothing is found." in capsys.readouterr().err
    assert main(["search", '"open']) == 1
    assert "not closed" in capsys.readouterr().err


def test_an_archive_s_rules_hold_for_what_is_submitted(tmp_path: Path, capsys: Captured) -> None:
    recording = cut_sample(tmp_path / "talk.wav", 6, 7)
    assert main(["archive", "set", "the court", "--allow", "local", "--channels", "mix"]) == 0
    assert capsys.readouterr().out == "the court: channels mix, only to local\n"
    assert main(["submit", str(recording), "--archive", "the court", "--json"]) == 0
    assert json_lines(capsys.readouterr().out)[0]["spec"]["channels"] == "mix"  # type: ignore[index]  # JSON
    assert main(["submit", str(recording), "--archive", "the court", "--service", "intl"]) == 1
    assert "may go to local" in capsys.readouterr().err
    assert main(["archive", "list", "--json"]) == 0
    assert json_lines(capsys.readouterr().out)[0]["services"] == ["local"]
    assert main(["archive", "show", "nowhere"]) == 1


def test_a_transcript_whose_ending_says_nothing_is_asked_about(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "notes.docx").touch()
    assert main(["versions", "add", "any", "notes.docx"]) == 2
    assert "--format" in capsys.readouterr().err


def test_nothing_to_submit_leaves_no_empty_batch_behind(capsys: Captured) -> None:
    assert main(["submit", "missing.wav"]) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == ["missing.wav: there is no such file or folder: look at the path"]
    assert captured.out == ""


def test_status_says_what_a_failed_job_failed_of(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "video.wav").write_bytes(cut_sample(tmp_path / "x.wav", 0, 1).read_bytes()[:44])
    assert main(["transcribe", "video.wav", "--archive", "odd"]) == 1
    capsys.readouterr()
    assert main(["status", "--archive", "odd"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[1] == "failed"
    assert line.endswith(f"video.wav  ({TruncatedFile.hint})")


def test_an_ended_job_is_not_cancelled_and_an_unknown_one_is_named(tmp_path: Path, capsys: Captured) -> None:
    assert main(["transcribe", str(cut_sample(tmp_path / "talk.wav", 24, 26)), "--json"]) == 0
    (done,) = json_lines(capsys.readouterr().out)
    assert main(["cancel", str(done["job"]), "nobody"]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in errors] == [done["job"], "nobody"]
    assert main(["status", "nobody"]) == 1


def test_a_retry_with_another_option_is_a_job_of_its_own(tmp_path: Path, capsys: Captured) -> None:
    assert main(["transcribe", str(cut_sample(tmp_path / "talk.wav", 27, 29)), "--json"]) == 0
    (done,) = json_lines(capsys.readouterr().out)
    assert main(["retry", str(done["job"])]) == 1
    assert "without gaps" in capsys.readouterr().err
    assert main(["retry", str(done["job"]), "--context", "Ada", "--deadline", "3600", "--json"]) == 0
    (made,) = json_lines(capsys.readouterr().out)
    assert (made["retry_of"], made["spec"]["context"]) == (done["job"], "Ada")  # type: ignore[index]  # JSON
    assert made["deadline"]
    assert main(["watch", str(made["id"])]) == 0


def test_a_language_that_is_none_is_refused_at_submission(tmp_path: Path, capsys: Captured) -> None:
    assert main(["transcribe", str(cut_sample(tmp_path / "talk.wav", 26, 27)), "--language", "xx"]) == 1
    assert "language" in capsys.readouterr().err


def test_a_second_up_says_where_the_first_one_is(stack: UpStack, capsys: Captured) -> None:
    assert main(["up"]) == 0
    assert stack.server.url in capsys.readouterr().out


def test_a_manifest_is_one_batch_and_names_its_bad_lines(tmp_path: Path, capsys: Captured) -> None:
    manifest = tmp_path / "calls.jsonl"
    manifest.write_text('{"url": "http://127.0.0.1:9/1.wav"}\n{"url": 3}\n"http://127.0.0.1:9/2.wav"\n')
    assert main(["submit", "--manifest", str(manifest), "--lane", "bulk", "--archive", "manifests"]) == 1
    captured = capsys.readouterr()
    assert "3 rows, 2 jobs made, 0 existing, 1 refused" in captured.out
    assert captured.err.startswith("line 2: url")
    batch = captured.out.split()[0]
    assert main(["status", "--batch", batch, "--json"]) == 0
    jobs = json_lines(capsys.readouterr().out)
    assert [job["spec"]["lane"] for job in jobs] == ["bulk", "bulk"]  # type: ignore[index]  # JSON
    assert main(["cancel", "--batch", batch]) == 0


def test_a_manifest_may_come_through_a_pipe_as_csv(tmp_path: Path) -> None:
    text = "url,external_id\nhttp://127.0.0.1:9/3.wav,x\n"
    command = [sys.executable, "-m", "api.cli", "submit", "--manifest", "-", "--json", "--archive", "manifests"]
    ended = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT, check=True)
    answer = json.loads(ended.stdout)
    assert (answer["made"], answer["refused"]) == (1, 0)
    assert main(["cancel", "--batch", answer["id"]]) == 0


@pytest.mark.parametrize("words", [[], ["a.wav", "--manifest", "x"], ["--manifest", "x", "--batch", "y"]])
def test_submit_wants_either_recordings_or_a_manifest(words: list[str]) -> None:
    assert main(["submit", *words]) == 2
