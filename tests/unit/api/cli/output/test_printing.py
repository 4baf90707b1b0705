"""What is printed of strangers' texts: for a person it is shown, for a machine and for a file it is exact."""

import io
import json
import sys

import pytest
from rich.table import Table
from rich.text import Text

from api.cli.output import printing
from api.cli.output.printing import Output, PlainConsole

Captured = pytest.CaptureFixture[str]
HOSTILE = "x\x1b]0;PWNED\x07\x9b31m\u202egpj.wav\nlonghand: all is well"
SHOWN = "x\\u001b]0;PWNED\\u0007\\u009b31m\\u202egpj.wav\\u000alonghand: all is well"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_for_a_person_is_one_line_and_steers_nothing(capsys: Captured) -> None:
    printing.put(HOSTILE)
    printing.note(HOSTILE)
    Output().item({}, [HOSTILE, "second"])
    Output().problem({"file": HOSTILE}, "code", "message")
    out, err = capsys.readouterr()
    assert out == f"{SHOWN}\n{SHOWN}\nsecond\n"
    assert err == f"{SHOWN}\n{SHOWN}: message\n"


def test_json_is_one_line_that_steers_nothing_and_is_read_back_as_it_was(capsys: Captured) -> None:
    Output(as_json=True).item({"name": HOSTILE + "\udcff"}, "")
    (line,) = capsys.readouterr().out.splitlines()
    assert not set(line) & set("\x1b\x07\x9b\u202e\udcff")
    assert json.loads(line) == {"name": HOSTILE + "\udcff"}


def test_a_file_s_content_is_exact_where_no_terminal_is(capsys: Captured) -> None:
    printing.put_text("a\r\nb \u200f\x1b[1m")
    assert capsys.readouterr().out == "a\r\nb \u200f\x1b[1m"


def test_a_file_s_content_is_shown_on_a_terminal_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    printing.put_text("a\r\nb \u200f\x1b[1m\n")
    assert terminal.getvalue() == "a\nb \\u200f\\u001b[1m\n"


def test_what_has_colours_or_columns_has_no_orders_but_those() -> None:
    screen = Terminal()
    console = PlainConsole(file=screen, force_terminal=True, width=200)
    table = Table("\x1b[2Jhead", box=None)
    table.add_row(Text("\x1b[2Jcell", style="bold"))
    console.print(table)
    console.print(Text("\x1b[2Jtext", style="bold"))
    shown = screen.getvalue()
    assert "\x1b[1m" in shown
    assert "\x1b[2J" not in shown
    assert "\\u001b[2Jtext" in shown
