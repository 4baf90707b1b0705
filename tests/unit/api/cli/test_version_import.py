"""Which recording a transcript's file is for."""

from pathlib import Path

from api.cli.version_import import match, transcripts_in
from tests.fixtures import answers
from worker.results.export import Format
from worker.shapes.recordings import Recording


def recording(number: int, source: str, external_id: str | None = None) -> Recording:
    return answers.recording(id=f"r{number}", source=source, external_id=external_id)


def matched(name: str, *recordings: Recording) -> tuple[str | None, str]:
    [one] = match([Path(name)], recordings)
    return one.recording, one.outcome


def test_a_file_belongs_to_the_external_id_of_its_name_before_any_source() -> None:
    assert matched("call-1.srt", recording(1, "call-1.wav"), recording(2, "x.wav", "call-1")) == ("r2", "matched")


def test_a_file_belongs_to_the_source_of_its_name_with_its_ending_or_without() -> None:
    assert matched("deep/talk.txt", recording(1, "talk.wav"), recording(2, "walk.wav")) == ("r1", "matched")
    assert matched("talk.mp3.vtt", recording(1, "talk.wav"), recording(2, "talk.mp3")) == ("r2", "matched")
    assert matched("a b.json", recording(1, "mount://calls/2024/a%20b.wav")) == ("r1", "matched")
    assert matched("x.txt", recording(1, "https://example.org/in/x.ogg")) == ("r1", "matched")


def test_nothing_is_guessed() -> None:
    assert matched("talk.txt", recording(1, "walk.wav")) == (None, "unmatched")
    assert matched("talk.txt", recording(1, "talk.wav"), recording(2, "talk.mp3")) == (None, "ambiguous")
    files = [Path("talk.srt"), Path("talk.txt"), Path("walk.txt")]
    twice = match(files, [recording(1, "talk.wav"), recording(2, "walk.wav")])
    assert [one.recording for one in twice] == [None, None, "r2"]
    assert [one.outcome for one in twice] == ["ambiguous", "ambiguous", "matched"]


def test_a_folder_s_transcripts_are_found_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b.SRT", "a.txt", "deep/c.json", ".hidden.txt", ".git/d.txt", "e.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in transcripts_in(tmp_path, None)]
    assert names == ["a.txt", "b.SRT", "deep/c.json"]
    assert [path.name for path in transcripts_in(tmp_path, Format.SRT)] == ["b.SRT"]
