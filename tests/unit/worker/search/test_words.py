"""What counts as a word, and where it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.search.words import LONGEST, find_words


def words(text: str) -> list[str]:
    return [word.folded for word in find_words(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Good MORNING, Ada!", ["good", "morning", "ada"]),
        ("Café naïve Ünïcode", ["cafe", "naive", "unicode"]),
        ("Straße, Grüße aus Köln", ["strasse", "grusse", "aus", "koln"]),
        ("don't l’homme", ["don", "t", "l", "homme"]),
        ("今天天气很好。", ["今", "天", "天", "气", "很", "好"]),
        ("東京タワーが見えます", ["東", "京", "タ", "ワ", "ー", "が", "見", "え", "ま", "す"]),
        ("アイ・オー", ["ア", "イ", "オ", "ー"]),
        ("ＡＢＣ １２ ｶﾞ", ["abc", "12", "ガ"]),
        ("회의를 시작합니다", ["회의를", "시작합니다"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("GPT4o用了3.5秒", ["gpt4o", "用", "了", "3", "5", "秒"]),
        ("... -- !?", []),
        ("", []),
    ],
)
def test_a_text_s_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_an_accent_that_is_written_apart_is_the_same_word() -> None:
    assert words("cafe\u0301") == words("caf\u00e9") == ["cafe"]


def test_a_voiced_kana_stays_what_it_is() -> None:
    assert words("\u304b\u3099") == words("が") != words("か")


def test_each_word_says_where_it_stands_in_the_text_as_it_was() -> None:
    text = "Die Straße, Café."
    assert [text[word.start : word.end] for word in find_words(text)] == ["Die", "Straße", "Café"]


def test_a_word_without_end_counts_by_its_beginning() -> None:
    assert words("a" * 5000) == ["a" * LONGEST]


@given(st.text())
def test_whatever_is_said_a_word_is_safe_to_stand_in_a_query(text: str) -> None:
    for word in find_words(text):
        assert word.folded
        assert not set(word.folded) & set(" '\"\\:*()&|!<>-\0")
        assert 0 <= word.start < word.end <= len(text)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = words(text)
    assert words(" ".join(once)) == once


def test_a_letter_with_very_many_accents_is_a_word_all_the_same() -> None:
    """To put them in their order took the square of their number."""
    assert words("a" + "\u0301\u0316" * 200_000 + " b") == ["a", "b"]
