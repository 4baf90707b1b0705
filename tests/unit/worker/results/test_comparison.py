"""Two versions side by side: passages of the same time, what differs most, and what the numbers are of."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from worker.results.comparison import compare, passages


def segment(start_ms: int, end_ms: int, text: str, channel: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    plain = {"channel": channel, "start_ms": start_ms, "end_ms": end_ms, "text": text}
    return {**plain, "language": "en", "emotion": None, "flags": [], **more}


def transcript(*segments: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    text = " ".join(one["text"] for one in segments)
    return {"model": "m", "language": "en", "text": text, "gaps": [], "segments": list(segments), **more}


OLD = transcript(segment(0, 1000, "Good morning."), segment(2000, 5000, "We meet on Thursday."))


def test_a_version_does_not_differ_from_itself() -> None:
    found = compare(OLD, OLD)
    assert (found["edits"], found["rate"], found["length_ratio"], found["passages"]) == (0, 0.0, 1.0, [])
    assert (found["appeared"], found["vanished"], found["passages_total"]) == ({}, {}, 2)


def test_words_are_compared_with_what_was_said_at_the_same_time() -> None:
    new = transcript(
        segment(100, 900, "Good morning."), segment(2100, 3000, "We meet"), segment(3500, 5200, "on Friday.")
    )
    found = compare(OLD, new)

    [only] = found["passages"]
    assert (only["start_ms"], only["end_ms"]) == (2000, 5200)
    assert (only["old"], only["new"]) == ("We meet on Thursday.", "We meet on Friday.")
    assert (found["edits"], found["words"], found["substituted"]) == (1, 6, 1)
    assert (found["appeared"], found["vanished"]) == ({"friday": 1}, {"thursday": 1})


def test_the_most_different_passage_comes_first() -> None:
    new = transcript(segment(0, 1000, "Good evening."), segment(2000, 5000, "Nobody said anything here."))
    assert [one["edits"] for one in compare(OLD, new)["passages"]] == [4, 1]


def test_what_only_one_of_them_heard_is_a_passage_of_its_own() -> None:
    new = transcript(*OLD["segments"], segment(9000, 9500, "Goodbye."))
    [only] = compare(OLD, new)["passages"]
    assert (only["old"], only["new"], only["rate"], only["inserted"]) == ("", "Goodbye.", None, 1)


def test_plain_text_of_a_recording_of_unknown_length_is_compared_as_a_whole() -> None:
    plain = transcript(segment(0, 0, "good morning and goodbye"))
    timed = transcript(segment(500, 900, "good morning"), segment(4000, 5000, "and goodbye", channel=1))

    assert compare(plain, timed)["rate"] == compare(timed, plain)["rate"] == 0
    [passage] = compare(plain, transcript(segment(500, 900, "good")))["passages"]
    assert (passage["start_ms"], passage["end_ms"], passage["edits"]) == (0, 900, 3)


def test_channels_are_compared_each_with_its_own_unless_they_are_others() -> None:
    both = transcript(segment(0, 1000, "one"), segment(0, 1000, "two", channel=1))
    crossed = transcript(segment(0, 1000, "two"), segment(0, 1000, "one", channel=1))
    mixed = transcript(segment(0, 1000, "one two"))

    assert compare(both, crossed)["edits"] == 2
    assert compare(both, mixed)["edits"] == 0


def test_it_says_what_it_measures_and_in_what() -> None:
    spoken = transcript(segment(0, 1000, "今天天气很好"))
    found = compare(spoken, transcript(segment(0, 1000, "今天天气不好")), old_is_human=True)
    assert (found["measure"], found["unit"], found["edits"], found["words"]) == ("error", "characters", 1, 6)
    assert (compare(OLD, OLD)["measure"], compare(OLD, OLD)["unit"]) == ("difference", "words")


def test_gaps_flags_languages_and_empty_answers_are_counted() -> None:
    odd = transcript(
        segment(0, 1000, "", language=None),
        segment(2000, 3000, "Guten Tag", language="de", flags=["loop"]),
        gaps=[{"code": "content_refused"}],
        language="de",
    )
    new = compare(OLD, odd)["new"]
    assert (new["empty"], new["gaps"], new["flags"], new["languages"]) == (1, 1, {"loop": 1}, {"de": 1})
    assert (compare(OLD, odd)["old"]["language"], new["language"], new["words"]) == ("en", "de", 2)


def test_against_nothing_there_is_no_rate() -> None:
    nothing = transcript()
    assert (compare(nothing, OLD)["rate"], compare(nothing, OLD)["length_ratio"]) == (None, None)
    assert compare(OLD, nothing)["rate"] == 1.0


PLACES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 60), st.integers(1, 20)), max_size=8)


@given(PLACES, PLACES)
def test_each_segment_is_in_one_passage_and_passages_do_not_overlap(old: list[Any], new: list[Any]) -> None:
    sides = [
        [segment(start, start + ms, str(at), channel) for at, (channel, start, ms) in enumerate(one)]
        for one in (old, new)
    ]
    found = list(passages(*sides))

    for side, name in zip(sides, ("old", "new"), strict=True):
        placed = [one for passage in found for one in getattr(passage, name)]
        assert sorted(map(repr, placed)) == sorted(map(repr, side))
    for channel in (0, 1):
        own = [passage for passage in found if passage.channel == channel]
        assert all(one.end_ms <= other.start_ms for one, other in pairwise(own))
