"""Names of files that say what is in them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import InvalidRequest, InvalidRow
from worker.imports.naming import parse_naming


def test_a_name_s_fields_are_a_recording_s_own_or_labels() -> None:
    naming = parse_naming("{recorded_at}/{agent}_{external_id}.wav")
    assert naming.read("calls/2024-01-31/ann_lee_17.wav") == {
        "recorded_at": "2024-01-31",
        "external_id": "lee_17",
        "labels": {"agent": "ann"},
    }


@pytest.mark.parametrize("name", ["ann_17.wav", "2024/ann17.wav", "2024/_17.wav", "2024/ann_17.mp3", "2024/ann_.wav"])
def test_a_name_that_is_not_as_the_pattern_says_is_refused(name: str) -> None:
    with pytest.raises(InvalidRow, match="pattern"):
        parse_naming("{recorded_at}/{agent}_{external_id}.wav").read(name)


def test_a_time_may_be_told_how_it_is_written_and_what_nobody_needs_is_left() -> None:
    naming = parse_naming("{recorded_at:%d.%m.%Y}-{_}-{language}.{kind}")
    read = naming.read("31.01.2024-x-en.wav")
    assert read == {"recorded_at": datetime(2024, 1, 31, tzinfo=UTC), "language": "en", "labels": {"kind": "wav"}}
    with pytest.raises(InvalidRow, match="recorded_at"):
        naming.read("2024-x-en.wav")


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "plain.wav",
        "{a}{b}.wav",
        "{a}_{a}.wav",
        "{a!r}.wav",
        "{a.b}.wav",
        "{agent:%Y}.wav",
        "{a",
        "{}.wav",
        "{0}.wav",
        "{_}",
    ],
)
def test_a_pattern_that_says_nothing_clear_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidRequest, match="naming"):
        parse_naming(pattern)


words = st.text("abc-", min_size=1, max_size=8)


@given(words, words, words)
def test_what_a_pattern_wrote_it_reads_again(agent: str, team: str, external_id: str) -> None:
    read = parse_naming("{team}/{agent}_{external_id}.wav").read(f"x/{team}/{agent}_{external_id}.wav")
    assert read == {"external_id": external_id, "labels": {"agent": agent, "team": team}}


def test_a_hostile_name_takes_no_time() -> None:
    naming = parse_naming("_".join(f"{{f{number}}}" for number in range(20)) + ".wav")
    with pytest.raises(InvalidRow):
        naming.read("_" * 100_000)
