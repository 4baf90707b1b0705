"""`longhand submit --manifest`: very many URLs as one batch, from a file or a pipe, in flat memory."""

import shutil
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

from api.cli.exits import Exit
from api.cli.output.printing import Output, put
from api.cli.output.progress import counting
from api.cli.target import open_client
from api.client.transport import Body
from worker.errors import InvalidRequest
from worker.imports.manifests import CSV, LINES
from worker.strict_json import parse_json

Answer = TypeVar("Answer")

STDIN = "-"
CHUNK_BYTES = 64 * 1024


def submit_manifest(name: str, options: Mapping[str, str], out: Output, *, dry_run: bool) -> int:
    """Send the manifest ``name``, a path or `-` for stdin; ``options`` are those of rows that have no others."""
    if dry_run:
        rows = count_lines(name)
        put(f"Would send {rows:,} lines. How long their recordings are, and so what they cost, is not known")
        put("before they are fetched; a budget holds all the same. Nothing was sent.")
        return Exit.OK
    with opened(name) as file, open_client() as client:
        answer = streamed(file, lambda body, kind: client.submit_manifest(body, kind, options), silent=out.as_json)
    for problem in answer.problems:
        out.note(f"line {problem.line}: {problem.error.detail}")
    if more := answer.refused - len(answer.problems):
        out.note(f"{more:,} more lines were refused.")
    counts = f"{answer.rows:,} rows, {answer.made:,} jobs made, {answer.existing:,} existing"
    out.item(answer, f"{answer.id}  {counts}, {answer.refused:,} refused")
    out.note(f"Batch {answer.id}: follow it with `longhand watch --batch {answer.id}`.")
    return Exit.SOME_FAILED if answer.refused else Exit.OK


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The file; what comes from a pipe is kept in one, since it may have to be sent twice."""
    with tempfile.TemporaryFile() if name == STDIN else Path(name).open("rb") as file:
        if name == STDIN:
            shutil.copyfileobj(sys.stdin.buffer, file)
            file.seek(0)
        yield file


def count_lines(name: str) -> int:
    """How many are not empty."""
    with opened(name) as file:
        return sum(1 for line in file if line.strip())


def streamed(file: IO[bytes], send: Callable[[Body, str], Answer], *, silent: bool) -> Answer:
    """Send the file's content, with its type, under a bar; ``send`` may begin it again."""
    with counting("sent", file.seek(0, 2), silent=silent, of_bytes=True) as sent:
        return send(lambda: _chunks(file, sent), kind_of_file(file))


def kind_of_file(file: IO[bytes]) -> str:
    """JSON lines begin with an object or a URL in quotation marks; CSV with names, which may have them too."""
    file.seek(0)
    first, *_ = file.read(CHUNK_BYTES).removeprefix(BOM_UTF8).lstrip().partition(b"\n")
    return LINES[0] if not first or first.startswith(b"{") or _is_quoted_url(first) else CSV


def _is_quoted_url(line: bytes) -> bool:
    """A header of one column, `"url"`, is JSON too: but no URL."""
    try:
        read = parse_json(line)
    except InvalidRequest:
        return False
    return isinstance(read, str) and ":" in read


def _chunks(file: IO[bytes], sent: Callable[[int], object]) -> Iterator[bytes]:
    """The file from its beginning; ``sent`` is told how far it is."""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        sent(file.tell())
