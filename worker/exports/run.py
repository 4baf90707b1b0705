"""Carrying out an export: each transcript once, in all forms, and a line of the manifest for each recording.

What is there already with the same bytes is left as it is, so an export that broke off is simply run again.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, TypeVar

from realtime.protocol.errors import CodedError
from worker.errors import RecordingError, SourceUnreachable, StorageFailed
from worker.exports.destinations import Destination
from worker.exports.plan import ExportPlan
from worker.results.export import Format, export

AT_ONCE = 8  # transcripts that are fetched and written at a time
NOT_WRITTEN = "not_written"

Line = dict[str, Any]
Fetch = Callable[[str], Mapping[str, Any]]
Given = TypeVar("Given")
Made = TypeVar("Made")


class NotFetched(Exception):
    """The server did not give a transcript: its code, and its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def run(plan: ExportPlan, destination: Destination, fetch: Fetch, *, at_once: int = AT_ONCE) -> Iterator[Line]:
    """Write all files; a line of the manifest for each recording, in the plan's order, as they are done.

    ``fetch`` gives the transcript of an id as JSON, and raises NotFetched. What it cannot give, and what cannot be
    written, stops no other.
    """

    def written(planned: tuple[str | None, Line]) -> Line:
        name, item = planned
        return line(item, []) if name is None else _write(item, name, plan.forms, destination, fetch)

    yield from _ordered(written, plan.items(), at_once)


def planned(plan: ExportPlan) -> Iterator[Line]:
    """The lines as they would be, without digests: nothing is fetched or written."""
    for name, item in plan.items():
        yield line(item, [{"format": form, "file": f"{name}.{form}"} for form in plan.forms] if name else [])


def line(item: Mapping[str, Any], files: list[Line], error: NotFetched | CodedError | None = None) -> Line:
    """A recording in the manifest; ``error`` is why its transcript was not written."""
    of_job = item["error"] and {"code": item["error"]["code"], "message": item["error"]["message"]}
    return {
        "external_id": item["external_id"],
        "recording": item["recording"],
        "source": item["source"],
        "archive": item["archive"],
        "job": item["job"],
        "transcript": item["transcript"],
        "status": NOT_WRITTEN if error else item["status"],
        "files": files,
        "sent_s": round(item["sent_ms"] / 1000, 3),
        "cost_usd": item["cost_usd"],
        "error": {"code": error.code, "message": error.message} if error else of_job,
    }


def _write(item: Line, name: str, forms: Iterable[Format], destination: Destination, fetch: Fetch) -> Line:
    try:
        transcript = fetch(item["transcript"])
        return line(item, [_write_form(destination, name, form, export(transcript, form).encode()) for form in forms])
    except (NotFetched, StorageFailed, RecordingError, SourceUnreachable) as error:
        return line(item, [], error)


def _write_form(destination: Destination, name: str, form: Format, content: bytes) -> Line:
    file, digest = f"{name}.{form}", hashlib.sha256(content).hexdigest()
    if destination.digest(file) != digest:
        destination.write(file, content)
    return {"format": form.value, "file": file, "digest": digest, "size_bytes": len(content)}


def _ordered(work: Callable[[Given], Made], given: Iterable[Given], at_once: int) -> Iterator[Made]:
    """The results in order, a few at a time, with no more of them in memory than that."""
    begun: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(at_once) as pool, ExitStack() as undo:
        undo.callback(lambda: [future.cancel() for future in begun])
        for one in given:
            begun.append(pool.submit(work, one))
            if len(begun) > 2 * at_once:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
