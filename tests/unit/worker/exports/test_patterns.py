"""Names by patterns, whatever strangers have put into the fields."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.export_items import PLAIN
from worker.errors import InvalidRequest
from worker.exports.patterns import MAX_NAME_BYTES, MAX_PART_BYTES, parse_pattern


def name(pattern: str, **changes: object) -> str:
    return parse_pattern(pattern).name({**PLAIN, **changes})


@pytest.mark.parametrize(
    ("pattern", "made"),
    [
        ("{name}", "talk"),
        ("{file}", "talk.mp3"),
        ("{path}", "2024/may/talk"),
        ("{external_id}", "call-1"),
        ("{archive}/{recorded_at:%Y/%m}/{external_id}", "calls/2024/05/call-1"),
        ("{recorded_at}", "2024-05-06"),
        ("{created_at:%Y-%m-%dT%H%M%S}", "2026-01-02T030405"),
        ("{label.team}/{recording}-{transcript}-{job}", "north/r1-t1-j1"),
        ("{service} {model} {language}", "local pocketsphinx-en-us en"),
        ("{{{name}}}", "{talk}"),
    ],
)
def test_a_pattern_s_fields_are_filled(pattern: str, made: str) -> None:
    assert name(pattern) == made


@pytest.mark.parametrize(
    ("pattern", "because"),
    [
        ("same", "a pattern has fields"),
        ("", "a pattern has fields"),
        ("{nothing}", "there is no field {nothing}"),
        ("{}", "there is no field {}"),
        ("{0}", "there is no field {0}"),
        ("{name.__class__}", "there is no field"),
        ("{name[0]}", "there is no field"),
        ("{name!r}", "there is no field"),
        ("{name", "for braces"),
        ("name}", "for braces"),
        ("{name:>10}", "cannot be written"),
        ("{recorded_at:%c}", "cannot be written"),
        ("{recorded_at:%Y{name}}", "cannot be written"),
        ("../{name}", "within the folder"),
        ("{name}/..", "within the folder"),
        ("/etc/{name}", "within the folder"),
        ("a//{name}", "within the folder"),
        ("{name}/", "within the folder"),
        ("a\\{name}", "within the folder"),
        ("{recorded_at:/%Y}/{name}", "within the folder"),
        ("{recorded_at:%Y/../..}/{name}", "within the folder"),
        ("a\n{name}", "control characters"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_the_reason(pattern: str, because: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^--name: ") as refused:
        parse_pattern(pattern)
    assert because in refused.value.message


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("https://example.org/2024/a%20b.wav", "a b"),
        ("mount://calls/2024/a.wav", "a"),
        ("C:\\calls\\a.wav", "a"),
        ("../../etc/passwd", "passwd"),
        (".bashrc", "bashrc"),
        ("a.tar.gz.wav", "a.tar.gz"),
        ("no-ending", "no-ending"),
        ("3.5 hours of talk", "3.5 hours of talk"),
    ],
)
def test_a_source_gives_its_last_name_without_its_ending(source: str, made: str) -> None:
    assert name("{name}", source=source) == made


def test_a_path_keeps_its_folders_and_leaves_none() -> None:
    assert name("{path}", source="mount://calls/2024/../../x/./a.wav") == "2024/x/a"


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a/b\\c", "a_b_c"),
        ("..", None),
        ("  ", None),
        ("a\0b\nc\u202ed", "a_b_c_d"),
        ("\ud800x", "_x"),
        ("", None),
        (None, None),
    ],
)
def test_a_field_cannot_leave_its_place_in_the_name(given: str | None, made: str | None) -> None:
    if made is None:
        with pytest.raises(InvalidRequest, match=r"2024/may/talk\.mp3 \(r1\) has no external_id"):
            name("{external_id}", external_id=given)
    else:
        assert name("x/{external_id}", external_id=given) == f"x/{made}"


@pytest.mark.parametrize("field", ["recorded_at", "label.shift", "language"])
def test_a_missing_field_is_refused_by_name(field: str) -> None:
    with pytest.raises(InvalidRequest, match=f"has no {field}"):
        name(f"{{{field}}}", recorded_at=None, language=None)


def test_lengths_are_bounded() -> None:
    assert name("{external_id}", external_id="é" * 100) == "é" * 100
    with pytest.raises(InvalidRequest, match=f"over {MAX_PART_BYTES} bytes"):
        name("{external_id}", external_id="é" * 101)
    deep = "/".join("{external_id}" for _ in range(6))
    with pytest.raises(InvalidRequest, match=f"over {MAX_NAME_BYTES} bytes"):
        name(deep, external_id="x" * 190)


@given(st.text(max_size=40), st.text(max_size=40), st.dictionaries(st.just("team"), st.text(max_size=20)))
def test_whatever_strangers_write_a_name_stays_in_the_folder(source: str, own: str, labels: dict[str, str]) -> None:
    try:
        made = name("{archive}/{external_id}/{path}-{label.team}", source=source, external_id=own, labels=labels)
    except InvalidRequest:
        return
    parts = made.split("/")
    assert len(parts) >= 3
    assert not {"", ".", ".."} & set(parts)
    assert not {"Cc", "Cs"} & {unicodedata.category(character) for character in made}
    assert "\\" not in made
