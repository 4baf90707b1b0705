"""Submitting many files at once, while somebody else watches those that are in."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass

from api.cli.sources import Source
from api.client import ApiProblem, Client, RemoteJob
from worker.errors import SourceForbidden

AT_ONCE = 4


@dataclass(frozen=True)
class Sent:
    """What became of one source: a job, or a problem; ``number`` is its place in what was given."""

    number: int
    job: RemoteJob | None = None
    problem: str = ""
    code: str = ""


class Uploads:
    """A few threads that submit; `arrived` gives what they have done since the last call."""

    def __init__(self, client: Client, sources: Sequence[Source], options: Mapping[str, str]) -> None:
        self._client = client
        self._options = options
        self._pool = ThreadPoolExecutor(AT_ONCE, "upload")
        self._under_way = [self._pool.submit(self._send, number, source) for number, source in enumerate(sources)]

    @property
    def left(self) -> int:
        return len(self._under_way)

    def arrived(self, wait_s: float = 0) -> list[Sent]:
        """After ``wait_s`` at most. Raises ApiUnreachable where the server was away for longer than its patience."""
        done, _ = wait(self._under_way, wait_s, FIRST_COMPLETED)
        self._under_way = [future for future in self._under_way if future not in done]
        return [future.result() for future in done if not future.cancelled()]

    def stop(self) -> None:
        """Send no further file; those on their way are waited for."""
        self._pool.shutdown(cancel_futures=True)

    def _send(self, number: int, source: Source) -> Sent:
        try:
            return Sent(number, self._client.submit_file(source.path, self._options))
        except ApiProblem as problem:
            return Sent(number, problem=problem.message, code=problem.code)
        except OSError as error:
            return Sent(number, problem=f"it cannot be read ({error.strerror})", code=SourceForbidden.code)


@contextmanager
def uploading(client: Client, sources: Sequence[Source], options: Mapping[str, str]) -> Iterator[Uploads]:
    """Uploads that stop when the block is left, whatever ends it."""
    uploads = Uploads(client, sources, options)
    try:
        yield uploads
    finally:
        uploads.stop()
