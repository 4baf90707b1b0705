"""`longhand search`: words and phrases in the current transcripts."""

import html
import re
import sys
from itertools import islice
from typing import Annotated

import typer
from rich.text import Text

from api.cli.output.formats import clock
from api.cli.output.printing import Output, put, put_json, put_styled
from api.cli.target import with_client
from api.client import Client
from worker.plain_text import shown_line
from worker.shapes.recordings import Hit

FOUND = re.compile("</?mark>")
HIGHLIGHT = "bold yellow"


@with_client
def search(
    *,
    client: Client,
    words: Annotated[list[str], typer.Argument(help='Words that must all be said, "a phrase", -without, begin*.')],
    archive: Annotated[str, typer.Option(help="Only in this archive.")] = "",
    language: Annotated[str, typer.Option(help="Only what was said in this language.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many hits.", min=1)] = 20,
    out: Output,
) -> None:
    """Find where something is said: words and phrases in the current transcripts, newest first.

    longhand search 'refund "next week"'

    longhand search --archive calls -- invoice -reminder

    All that is looked for must be said in one segment. Case and accents do not count.
    """
    hits = list(islice(client.search(" ".join(words), archive=archive, language=language), limit))
    for hit in hits:
        put_json(hit) if out.as_json else _show(hit)
    if not hits:
        out.note("Nothing is found.")


def _show(hit: Hit) -> None:
    """When, in which recording, what; what was found stands out on a terminal."""
    segment = hit.segment
    who = f"  {segment.speaker}:" if segment.speaker else ""
    head = f"{clock(segment.start_ms)}  {hit.external_id or hit.source}  ({hit.recording}){who}  "
    if sys.stdout.isatty():
        put_styled(Text(shown_line(head)).append_text(highlighted(hit.snippet)))
    else:
        put(head + plain(hit.snippet))


def plain(snippet: str) -> str:
    """A snippet without its marks, as it was said."""
    return html.unescape(FOUND.sub("", snippet))


def highlighted(snippet: str) -> Text:
    """A snippet whose matches stand out on a terminal."""
    shown = Text()
    for number, part in enumerate(FOUND.split(snippet)):  # what is escaped holds no mark, so they come in pairs
        shown.append(shown_line(html.unescape(part)), style=HIGHLIGHT if number % 2 else "")
    return shown
