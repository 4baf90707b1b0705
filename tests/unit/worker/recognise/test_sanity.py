import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.sounds import audio, noise, silence, talk
from worker.recognise.sanity import Flag, is_loop, is_silent, suspicions
from worker.split.levels import frame_levels
from worker.text_words import words_of

LONG = "we will meet again on Thursday at nine"


def flags(text: str, *, before: str | None = None, silent: bool = False) -> tuple[Flag, ...]:
    return suspicions(text, before=before, silent=silent)


def test_an_answer_that_equals_the_one_before_it_is_suspicious() -> None:
    assert flags(LONG, before=LONG) == (Flag.REPEATS_PREVIOUS,)


def test_case_and_punctuation_make_no_other_answer_of_it() -> None:
    assert flags(LONG, before="We will meet again, on Thursday at nine.") == (Flag.REPEATS_PREVIOUS,)


@pytest.mark.parametrize(
    "text", ["Yes.", "Okay.", "Okay, thank you.", "Can you hear me?", "嗯", "好的，谢谢", "はい", ""]
)
def test_what_people_often_say_twice_is_no_repetition(text: str) -> None:
    assert flags(text, before=text) == ()


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert flags("我们下周四上午九点再见面", before="我们下周四上午九点再见面。") == (Flag.REPEATS_PREVIOUS,)


def test_another_answer_and_a_first_one_are_no_repetition() -> None:
    assert flags(LONG, before=LONG + " sharp") == ()
    assert flags(LONG) == ()


def test_text_on_silence_is_suspicious_however_short() -> None:
    assert flags("Thanks.", silent=True) == (Flag.TEXT_ON_SILENCE,)


@pytest.mark.parametrize("text", ["", " ", "…", "."])
def test_no_words_on_silence_are_right(text: str) -> None:
    assert flags(text, silent=True) == ()


@pytest.mark.parametrize(
    "text",
    [
        "thank you for watching " * 4,
        "So then he said that " + "the " * 16,
        "a b c d e f " * 4 + "a b c",
        "谢谢大家" * 5,
        "well " + "I think, I think, " * 8 + "so",
    ],
)
def test_a_phrase_again_and_again_is_a_loop(text: str) -> None:
    assert flags(text) == (Flag.LOOP,)


@pytest.mark.parametrize(
    "text",
    [
        "no no no no no",
        "very very very very very good",
        "la la la la, la la la la",
        "zero zero seven zero zero seven",
        "谢谢谢谢谢谢",
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen",
        LONG,
        f"{LONG}. {LONG}. {LONG}.",
        "",
    ],
)
def test_people_who_repeat_themselves_are_no_loop(text: str) -> None:
    assert flags(text) == ()


@settings(deadline=None)  # a busy machine is no defect
@given(phrase=st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=20), times=st.integers(4, 30))
def test_any_phrase_is_found_wherever_it_loops(phrase: list[str], times: int) -> None:
    looped = ["x", "y", *phrase * times, "z"]
    assert is_loop(looped) or len(phrase) * times < 16


@settings(deadline=None)  # a busy machine is no defect
@given(st.text())
def test_any_text_has_its_flags_and_no_error(text: str) -> None:
    assert Flag.TEXT_ON_SILENCE not in flags(text, before=text)
    assert (Flag.TEXT_ON_SILENCE in flags(text, silent=True)) == bool(words_of(text))


def test_a_long_answer_is_looked_at_in_one_go() -> None:
    words = [str(number) for number in range(100_000)]
    assert not is_loop(words)


def test_silence_is_what_has_under_a_fifth_of_a_second_over_the_gate() -> None:
    assert is_silent(frame_levels(audio(silence(5000))))
    assert is_silent(frame_levels(audio(noise(5000, dbfs=-80))))
    assert is_silent([-100.0] * 400 + [-30.0] * 19)
    assert not is_silent([-100.0] * 400 + [-30.0] * 20)


def test_a_short_sound_is_not_silent() -> None:
    assert not is_silent(frame_levels(audio(noise(100))))


def test_quiet_speech_is_not_silent() -> None:
    assert not is_silent(frame_levels(audio(talk((2000, 0), dbfs=-55))))
