"""Signs that are no text: those that steer a terminal, and those that turn the order of what stands on a line.

Strangers' texts hold them: names of files, what a service answers, transcripts that were brought. They are left out
where such a text is stored, and written out as escapes where it is shown to a person.
"""

from collections.abc import Mapping

NEW_LINE = "\n"
TAB = "\t"
# Orders to a terminal, DEL among them; ESC opens the most of them, and C1 has its own ways to.
CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
# Embeddings, overrides, isolates and marks of direction (Unicode 16, UAX 9): right in a text in Arabic or Hebrew,
# and a way to have a name read as another.
DIRECTIONS = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
SPACES = "\r\v\f\x1c\x1d\x1e\x1f\x85"  # what else str.split() parts at: words must not grow together

_LEFT_OUT: Mapping[int, str | None] = {
    sign: " " if chr(sign) in SPACES else None for sign in CONTROLS if chr(sign) not in NEW_LINE + TAB
}
_SHOWN = {sign: f"\\u{sign:04x}" for sign in (*CONTROLS, *DIRECTIONS) if chr(sign) not in NEW_LINE + TAB}
_SHOWN_IN_A_LINE = {**_SHOWN, ord(NEW_LINE): "\\u000a"}


def without_controls(text: str) -> str:
    """The text as it is stored: of C0 and C1 only tab and new line are left, and the end of a line is a new line."""
    return text if text.isprintable() else text.replace("\r\n", NEW_LINE).translate(_LEFT_OUT)


def shown_text(text: str) -> str:
    """The text for a person: what steers a terminal or turns the order is written out as JSON has it, ``\\u001b``.

    Lone surrogates, which stand for undecodable bytes of a file's name, as well. Shown twice it is the same.
    """
    return _escaped(text, _SHOWN)


def shown_line(text: str) -> str:
    """As `shown_text`, and all on one line."""
    return _escaped(text, _SHOWN_IN_A_LINE)


def _escaped(text: str, table: Mapping[int, str]) -> str:
    return text if text.isprintable() else text.translate(table).encode("utf-8", "backslashreplace").decode()
