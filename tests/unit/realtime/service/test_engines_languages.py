"""Languages as recognisers name them."""

import pytest

from realtime.service.engines.gateway import code_of, untagged


@pytest.mark.parametrize(
    ("said", "code"),
    [("de", "de"), ("yue", "yue"), ("German", "de"), ("english", "en"), (" Cantonese (accent)", "yue")],
)
def test_a_language_has_a_code(said: str, code: str) -> None:
    assert code_of(said) == code


@pytest.mark.parametrize("said", ["", "None", "unknown", "Klingon", "EN", "中文"])
def test_a_language_that_nobody_knows_has_none(said: str) -> None:
    assert code_of(said) is None


@pytest.mark.parametrize(
    ("text", "words", "language"),
    [
        ("Hello.", "Hello.", None),
        ("language German<asr_text>Guten Morgen.", "Guten Morgen.", "de"),
        ("language Chinese,English<asr_text>hi", "hi", "zh"),
        (" language Chinese, English <asr_text> hi ", "hi", "zh"),
        ("language Cantonese (Hong Kong)<asr_text>hi", "hi", "yue"),
        ("language None<asr_text>", "", None),
        ("language <asr_text>hi", "hi", None),
        ("<asr_text>hi", "hi", None),
        ("language English<asr_text>A language language German<asr_text>und so.", "A language und so.", "en"),
        ("The language of the street.", "The language of the street.", None),
        ("language German", "language German", None),
    ],
)
def test_the_tag_of_qwen_is_no_part_of_the_text(text: str, words: str, language: str | None) -> None:
    assert untagged(text) == (words, language)
