"""A text as its words alone, for counting and comparing. Pure."""

import re

# A word, or one character of a script without spaces: kana, Han.
UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
# The same in a text as it is written, where a word may have apostrophes within.
TOKEN = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['’]+[^\W_{UNSPACED}]+)*")
_APOSTROPHES = re.compile(r"['’]")


def words_of(text: str) -> list[str]:
    """Words, or characters where a script has no spaces; without case and punctuation: "Don't" is "dont"."""
    return _WORD.findall(_APOSTROPHES.sub("", text.casefold()))


def is_unspaced(word: str) -> bool:
    """Whether it is a character of a script without spaces."""
    return len(word) == 1 and word > "\u3000"
