"""`longhand submit --manifest`: very many URLs as one batch, from a file or a pipe, in flat memory."""

import shutil
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from api.cli.configure import configured
from api.cli.exits import Exit
from api.cli.output.printing import note, put, put_json
from api.cli.output.progress import sending
from api.cli.target import open_client
from worker.errors import InvalidRequest
from worker.imports.manifests import CSV, LINES
from worker.strict_json import parse_json

STDIN = "-"
PIECE_BYTES = 64 * 1024


def submit_manifest(place: str, options: Mapping[str, str], *, dry_run: bool, as_json: bool) -> int:
    """Send the manifest at ``place``, a path or `-` for stdin; ``options`` are those of rows that have no others."""
    with opened(place) as file:
        if dry_run:
            rows = sum(1 for line in file if line.strip())
            put(f"Would send {rows:,} lines. How long their recordings are, and so what they cost, is not known")
            put("before they are fetched; a budget holds all the same. Nothing was sent.")
            return Exit.OK
        size = file.seek(0, 2)
        with open_client(configured()) as client, sending(size, silent=as_json) as sent:
            answer = client.submit_manifest(lambda: pieces(file, sent), kind_of_file(file), options)
    _report(answer, as_json=as_json)
    return Exit.SOME_FAILED if answer["refused"] else Exit.OK


@contextmanager
def opened(place: str) -> Iterator[IO[bytes]]:
    """The file; what comes from a pipe is kept in one, since it may have to be sent twice."""
    with tempfile.TemporaryFile() if place == STDIN else Path(place).open("rb") as file:
        if place == STDIN:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.seek(0)
        yield file


def kind_of_file(file: IO[bytes]) -> str:
    """JSON lines begin with an object or a URL in quotation marks; CSV with names, which may have them too."""
    file.seek(0)
    first, *_ = file.read(PIECE_BYTES).removeprefix(BOM_UTF8).lstrip().partition(b"\n")
    return LINES[0] if not first or first.startswith(b"{") or _is_quoted_url(first) else CSV


def _is_quoted_url(line: bytes) -> bool:
    """A header of one column, `"url"`, is JSON too: but no URL."""
    try:
        read = parse_json(line)
    except InvalidRequest:
        return False
    return isinstance(read, str) and ":" in read


def pieces(file: IO[bytes], sent: Callable[[int], object]) -> Iterator[bytes]:
    """The file from its beginning; ``sent`` is told how far it is."""
    file.seek(0)
    while piece := file.read(PIECE_BYTES):
        yield piece
        sent(file.tell())


def _report(answer: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        put_json(answer)
        return
    for problem in answer["problems"]:
        note(f"line {problem['line']}: {problem['error']['detail']}")
    if more := answer["refused"] - len(answer["problems"]):
        note(f"{more:,} more lines were refused.")
    counts = f"{answer['rows']:,} rows, {answer['made']:,} jobs made, {answer['existing']:,} existing"
    put(f"{answer['id']}  {counts}, {answer['refused']:,} refused")
    note(f"Batch {answer['id']}: follow it with `longhand watch --batch {answer['id']}`.")
