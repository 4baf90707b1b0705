"""Strangers' texts, where they would do something: steer a terminal, turn the order of a line, be run by a spreadsheet.

Names of files, what a service answers and transcripts that were brought hold such signs. Controls are left out where a
text is stored; where it is shown to a person they are written out as escapes, and in a table a formula is made a text.
"""

import re
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

# What spreadsheets run (OWASP, "CSV Injection"), also behind quotation marks, which they take away from a cell. The
# apostrophes before it count, so that each cell can be read back.
_FORMULA = re.compile("['\"]*[=+\\-@\t\r\n＝＋－＠]")


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


def harmless_cell(text: str) -> str:
    """A table's cell, with an apostrophe before what a spreadsheet would run; numbers are no texts and need none."""
    return f"'{text}" if _FORMULA.match(text) else text


def cell_text(cell: str) -> str:
    """What `harmless_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
