"""A text as its words alone, for counting and comparing. Pure."""

import re

# Scripts without spaces between words are kana and Han; Hangul has spaces. Three uses draw the line each where it has
# always been, since what is stored and shown depends on it: signs that are counted, found and compared one by one;
UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# signs behind which a subtitle may be broken: of Han the common ones, so that files written before are written alike;
BREAKABLE = r"\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
# signs between which segments are joined without a space: their punctuation, small kana and full-width forms too.
SEAMLESS = rf"\u3000-\u303f\u31f0-\u31ff\uff00-\uff65{UNSPACED}"

# A word, or one character of a script without spaces.
_WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
# The same in a text as it is written, where a word may have apostrophes within.
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['’]+[^\W_{UNSPACED}]+)*")
_UNSPACED = re.compile(rf"[{UNSPACED}]")
_APOSTROPHES = re.compile(r"['’]")


def words_of(text: str) -> list[str]:
    """Words, or characters where a script has no spaces; without case and punctuation: "Don't" is "dont"."""
    return _WORD.findall(_APOSTROPHES.sub("", text.casefold()))


def is_unspaced(word: str) -> bool:
    """Whether it is a character of a script without spaces."""
    return _UNSPACED.fullmatch(word) is not None
