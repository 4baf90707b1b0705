"""Sending many files at once, while somebody else watches what came of those that are in."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Generic, TypeVar

from api.client.transport import ApiProblem
from worker.errors import InputError, SourceForbidden

File = TypeVar("File")
Answer = TypeVar("Answer")
AT_ONCE = 4


@dataclass(frozen=True)
class SentFile(Generic[File, Answer]):
    """What became of one file; ``number`` is its place in what was given."""

    number: int
    file: File
    answer: Answer | None = None  # None where there is a problem
    code: str = ""
    problem: str = ""


def send(number: int, file: File, sending: Callable[[File], Answer]) -> SentFile[File, Answer]:
    """Send one, or say why it was refused. Raises ApiUnreachable after the client's patience."""
    try:
        return SentFile(number, file, sending(file))
    except (ApiProblem, InputError) as error:
        return SentFile(number, file, code=error.code, problem=error.message)
    except OSError as error:
        return SentFile(number, file, code=SourceForbidden.code, problem=f"it cannot be read ({error.strerror})")


class Uploads(Generic[File, Answer]):
    """A few threads that send; `arrived` gives what they have done since the last call."""

    def __init__(self, sending: Callable[[File], Answer], files: Sequence[File]) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, "upload")
        self.left = [self._pool.submit(send, number, file, sending) for number, file in enumerate(files)]

    def arrived(self, wait_s: float = 0) -> list[SentFile[File, Answer]]:
        """After ``wait_s`` at most. Raises ApiUnreachable where the server was away for longer than its patience."""
        done, _ = wait(self.left, wait_s, FIRST_COMPLETED)
        self.left = [future for future in self.left if future not in done]
        return [future.result() for future in done if not future.cancelled()]

    def close(self) -> None:
        """Send no further file; those on their way are waited for."""
        self._pool.shutdown(cancel_futures=True)


def uploaded(sending: Callable[[File], Answer], files: Sequence[File]) -> Iterator[SentFile[File, Answer]]:
    """Each file as it is done."""
    with closing(Uploads(sending, files)) as uploads:
        while uploads.left:
            yield from uploads.arrived(wait_s=1.0)
