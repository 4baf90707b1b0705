"""What paths stand for, and where transcripts are written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli.exits import UsageProblem
from api.cli.sources import Source, find_sources, plan_outputs


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_a_folder_stands_for_the_recordings_in_it_and_below_in_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.wav", "a.MP3", "deep/er/c.ogg", "notes.txt", ".hidden.wav", ".git/d.wav")
    found, missing = find_sources([tmp_path])
    assert [str(source.relative) for source in found] == ["a.MP3", "b.wav", "deep/er/c.ogg"]
    assert not missing


def test_a_file_that_is_named_itself_is_taken_whatever_its_ending(tmp_path: Path) -> None:
    touch(tmp_path, "tape.bin")
    found, _ = find_sources([tmp_path / "tape.bin"])
    assert found == [Source(tmp_path / "tape.bin", Path("tape.bin"))]


def test_a_file_named_twice_is_taken_once(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav")
    found, _ = find_sources([tmp_path / "a.wav", tmp_path, tmp_path / "a.wav"])
    assert len(found) == 1


def test_what_gives_no_recording_is_named_with_what_to_do_and_stops_no_other(tmp_path: Path) -> None:
    touch(tmp_path, "a.wav", "empty/readme.md")
    found, missing = find_sources([tmp_path / "gone.wav", tmp_path / "empty", tmp_path / "a.wav"])
    assert [source.path.name for source in found] == ["a.wav"]
    assert [(one.path.name, one.message.split(":")[0]) for one in missing] == [
        ("gone.wav", "there is no such file or folder"),
        ("empty", "the folder holds no recordings"),
    ]


def sources(*places: str, folder: str = "") -> list[Source]:
    return [Source(Path("/in", folder, place), Path(place), folder) for place in places]


def planned(*given_sources: Source) -> list[str]:
    return [str(path) for path in plan_outputs(given_sources, "txt")]


def test_a_transcript_is_named_as_its_recording_in_a_mirrored_tree() -> None:
    assert planned(*sources("talk.mp3", "2024/may/talk.mp3", "no-ending")) == [
        "talk.txt",
        "2024/may/talk.txt",
        "no-ending.txt",
    ]


def test_the_ending_is_kept_only_where_two_would_collide() -> None:
    assert planned(*sources("talk.mp3", "talk.wav", "other.wav")) == ["talk.mp3.txt", "talk.wav.txt", "other.txt"]


def test_upper_and_lower_case_count_as_the_same_name() -> None:
    assert planned(*sources("Talk.mp3", "talk.wav")) == ["Talk.mp3.txt", "talk.wav.txt"]


def test_equal_names_from_two_folders_go_under_the_folders_own_names() -> None:
    both = [*sources("talk.mp3", folder="2023"), *sources("talk.mp3", "more.mp3", folder="2024")]
    assert planned(*both) == ["2023/talk.mp3.txt", "2024/talk.mp3.txt", "more.txt"]


def test_a_name_that_was_moved_out_of_the_way_does_not_hit_a_third_one() -> None:
    assert planned(*sources("a.mp3", "a.wav", "a.mp3.flac")) == ["a.mp3.txt", "a.wav.txt", "a.mp3.flac.txt"]


def test_two_files_that_cannot_be_told_apart_are_refused_before_anything_is_sent() -> None:
    twice = [Source(Path("/one/talk.mp3"), Path("talk.mp3")), Source(Path("/two/talk.mp3"), Path("talk.mp3"))]
    with pytest.raises(UsageProblem, match=r"/one/talk\.mp3 and /two/talk\.mp3"):
        plan_outputs(twice, "txt")


NAMES = st.from_regex(r"\A[aAb]\.(mp3|wav|mp3\.wav|txt)\Z")


@given(st.lists(NAMES, unique_by=str.casefold, max_size=8))
def test_names_never_collide(names: list[str]) -> None:
    paths = planned(*sources(*names, folder="in"))
    assert len({path.casefold() for path in paths}) == len(names)
