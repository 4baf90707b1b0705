"""A text as its words alone."""

import re

import pytest

from worker.text_words import BREAKABLE, SEAMLESS, UNSPACED, is_unspaced, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop, Mary-Ann!", ["dont", "stop", "mary", "ann"]),
        ("It’s 3 o'clock.", ["its", "3", "oclock"]),  # a typographic apostrophe is meant
        ("  two\n\n lines ", ["two", "lines"]),
        ("Größe: 10_000", ["grösse", "10", "000"]),
        ("今天 hello", ["今", "天", "hello"]),
        ("안녕 하세요", ["안녕", "하세요"]),
        ("…!", []),
    ],
)
def test_a_text_is_its_words_alone(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_character_of_a_script_without_spaces_is_known() -> None:
    assert [is_unspaced(word) for word in ("今", "か", "a", "안녕", "네", "１")] == [True, True, *[False] * 4]


def test_what_may_be_broken_is_counted_by_sign_and_what_is_counted_so_is_joined_without_a_space() -> None:
    breakable, unspaced, seamless = (
        {sign for sign in map(chr, range(0x110000)) if re.match(f"[{signs}]", sign)}
        for signs in (BREAKABLE, UNSPACED, SEAMLESS)
    )
    assert breakable < unspaced < seamless
    assert {"か", "今"} <= breakable
    assert {"𠮷", "\uf900"} <= unspaced - breakable
    assert {"。", "Ａ", "ㇰ"} <= seamless - unspaced
    assert not {"안", "a", " "} & seamless
