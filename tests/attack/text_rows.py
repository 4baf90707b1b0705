"""Texts of strangers on a terminal, in tables and on a page; names of exports."""

import io
import os
import re
from contextlib import redirect_stderr, redirect_stdout
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

from rich.table import Table

from api.cli.output import printing
from realtime.protocol.errors import CodedError
from tests.attack.assault import Assault
from tests.attack.odd_values import TEXTS, text
from worker.exports.destinations import Folder
from worker.exports.patterns import DATES, FIELDS, parse_pattern
from worker.results.export import Format, export

MARKUP = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=x>',
    "javascript:x",
    "{{7*7}}",
    "]]>",
    "-->",
    "</style>",
)
ORDERS = (
    "\x1b[2J",
    "\x1b]0;x\x07",
    "\x9b31m",
    "\x90q\x9c",
    "\b\b\b",
    "\r",
    "\x7f",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u061c",
    "\x1b]8;;http://x\x1b\\",
)
FORMULAS = ("=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "'=1", '"=1', "＝1", "\r=1")
ALLOWED = re.compile(r"\x1b\[[0-9;]*m")  # Rich's own colours
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def hostile_text(dice: Random, *kinds: tuple[str, ...]) -> str:
    """Pieces of these kinds between ordinary and odd ones."""
    pool = [piece for kind in kinds for piece in kind]
    pieces = [dice.choice((dice.choice(pool), text(dice, 10), "word ", dice.choice(TEXTS)[:100])) for _ in range(4)]
    return "".join(pieces)


def terminal(assault: Assault) -> None:
    """Everything that prints, with orders in every text: none leaves."""
    for _ in assault.inputs(4000):
        shown = _printed(hostile_text(assault.dice, ORDERS))
        if found := STEERS.search(ALLOWED.sub("", shown)):
            assault.found("an order left", repr(shown[max(0, found.start() - 30) : found.end() + 30]))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _printed(said: str) -> str:
    told = _Terminal()
    table = Table("name", said)
    table.add_row(said, "x")
    with redirect_stdout(told), redirect_stderr(told):
        printing.put(said)
        printing.note(said)
        printing.put_text(said)
        printing.put_styled(table)
        printing.Output().item({"name": said}, [said])
        printing.Output().problem({"source": said}, "code", said)
        printing.Output(as_json=True).item({"name": said}, said)
    return told.getvalue().encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass")


def tables_and_pages(assault: Assault) -> None:
    """Transcripts in five forms: no cell is a formula, no cue is markup, and each of them can be written."""
    dice = assault.dice
    for _ in assault.inputs(3000):
        transcript = _transcript(dice)
        for form in Format:
            try:
                with assault.within(f"{form} of {transcript}"):
                    written = export(transcript, form)
            except Exception as error:  # noqa: BLE001  # nothing may be raised
                assault.found(f"{form} cannot be written: {type(error).__name__}", repr(transcript)[:500])
                continue
            if form == Format.TSV:
                _judge_table(assault, written)
            if form == Format.VTT and re.search(r"<(?!/?v[ >])", re.sub(r"<v [^>]*>", "", written)):
                assault.found("markup in WebVTT", written[:500])


def _transcript(dice: Random) -> dict[str, Any]:
    def said() -> str:
        # As answers and brought texts are stored: without controls, but with whatever else they like.
        return hostile_text(dice, MARKUP, FORMULAS).encode("utf-8", "replace").decode()

    segments: list[dict[str, Any]] = [
        {
            "channel": number % 2,
            "start_ms": number * 1000,
            "end_ms": number * 1000 + dice.choice((0, 1, 900, 3 * 10**8)),
            "text": said(),
            "language": said(),
            "emotion": said(),
            "speaker": dice.choice((None, said())),
            "flags": [],
        }
        for number in range(dice.randrange(4))
    ]
    return {
        "recording": "r", "job": "j", "service": said(), "model": said(), "language": said(), "duration_ms": 5000,
        "sent_ms": 0, "text": said(), "segments": segments, "gaps": [],
    }  # fmt: skip


def _judge_table(assault: Assault, written: str) -> None:
    head, *rows = written.rstrip("\n").split("\n")
    for row in rows:
        cells = row.split("\t")
        if len(cells) != len(head.split("\t")):
            assault.found("a row of another length", row[:500])
        for cell in cells:
            if cell.lstrip("'\" ")[:1] in set("=+-@＝＋－＠") - {""} and not cell.startswith("'") and cell:
                assault.found("a formula in a table", cell[:200])


def page(assault: Assault) -> None:
    """The page of a comparison: whatever the texts say, only its own tags and no handlers."""
    from tests.attack.comparison import comparison_of  # noqa: PLC0415  # the page's reader is only wanted here

    plain = _tags(comparison_of(lambda: "word"))
    for _ in assault.inputs(2000):
        shown = comparison_of(lambda: hostile_text(assault.dice, MARKUP).encode("utf-8", "replace").decode())
        if (found := _tags(shown)) - plain:
            assault.found("tags of a stranger's", sorted(found - plain))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {f"{tag} {name}" for name, _ in attrs} | {tag}


def _tags(shown: str) -> set[str]:
    parser = _Tags()
    parser.feed(shown)
    return parser.found


def export_names(assault: Assault) -> None:
    """Patterns and what recordings say of themselves: every file lies in the output folder, also where a link leads
    out of it."""
    dice, outside = assault.dice, assault.folder / "outside"
    root = assault.folder / "out"
    for folder in (root, outside):
        folder.mkdir()
    (root / "linked").symlink_to(outside)
    destination = Folder(root)
    assault.counts_what_is_reached()
    fields = [*FIELDS, *DATES, "label.team", "label...", "nothing", "recorded_at:%Y/%m", "recorded_at:%s"]
    for number in assault.inputs(5000):
        parts = [
            dice.choice((f"{{{dice.choice(fields)}}}", "/", "..", "linked/", text(dice, 4), "{path}")) for _ in range(4)
        ]
        try:
            with assault.within(str(parts)):
                name = parse_pattern("".join(parts)).name(_item(dice))
                destination.write(f"{name}.txt", b"%d" % number)
        except CodedError:
            pass
        except Exception as error:  # noqa: BLE001  # what is no error of ours is the finding
            assault.found(f"an error without a code: {type(error).__name__}", f"{parts} {error!r}")
        for stray in _strays(assault.folder, root):
            assault.reached(f"{stray} by {parts}")
            Path(stray).unlink()


def _item(dice: Random) -> dict[str, Any]:
    def said() -> str:
        ways = (
            "../",
            "..",
            "/etc/",
            "linked/",
            "C:\\",
            "\\\\host\\",
            "~",
            ".",
            "\0",
            "a/b",
            "CON",
            "x" * 300,
            "linked",
        )
        return hostile_text(dice, ways)[: dice.randrange(1, 400)]

    return {
        "source": dice.choice((said(), f"mount://calls/{said()}", f"http://x/{said()}")), "recording": "r", "job": "j",
        "transcript": "t", "archive": said(), "external_id": said(), "language": said(), "service": "local",
        "model": said(), "labels": {"team": said(), "...": said()},
        "recorded_at": dice.choice((None, "2024-01-31T10:00:00.000Z")), "created_at": "2024-01-31T10:00:00.000Z",
    }  # fmt: skip


def _strays(folder: Path, root: Path) -> list[str]:
    """Files beside the output folder."""
    return [
        os.fsdecode(os.path.join(path, name))  # noqa: PTH118  # bytes of any kind
        for path, folders, names in os.walk(folder)
        for name in names
        if not Path(path).is_relative_to(root)
    ]
