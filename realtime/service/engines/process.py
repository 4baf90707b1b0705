"""One child process with decoders, as the event loop sees it."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import realtime
from realtime.protocol.engine import Hypothesis

_ROOT = Path(realtime.__file__).parent.parent
_LINE_LIMIT_BYTES = 1024 * 1024  # an answer is one line; a minute of speech is a few kilobytes
_START_TIMEOUT_S = 60.0  # loading the model takes a second; a busy machine takes longer


class ProcessDied(Exception):
    """The child ended, or was ended, with a request open."""


class DecoderProcess:
    """A child that answers one request at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str) -> "DecoderProcess":
        """Run ``module`` and wait until it has loaded its model; raises ProcessDied."""
        # The folder of the packages as working directory: they are found there also where they are not installed.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, cwd=_ROOT, limit=_LINE_LIMIT_BYTES
        )
        child = cls(process)
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await child._answer(_unheard)
        except BaseException as error:  # also when cancelled: no child is left behind
            child.kill()
            await child.wait()
            if isinstance(error, TimeoutError):
                raise ProcessDied("The recogniser's process did not get ready.") from error
            raise
        return child

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    async def ask(self, pcm: bytes, preview: Callable[[Hypothesis], None], **header: object) -> Hypothesis:
        """The last hypothesis; raises ProcessDied. After a cancel the child is of no more use: kill it."""
        try:
            self._stdin.write(json.dumps({**header, "bytes": len(pcm)}).encode() + b"\n" + pcm)
            await self._stdin.drain()
        except ConnectionError as error:
            raise ProcessDied("The recogniser's process is gone.") from error
        return await self._answer(preview)

    def kill(self) -> None:
        """End the child at once; harmless when it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Wait until the child is gone, and let go of its pipes."""
        await self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        if self._process.stdin is None:
            raise ProcessDied("The recogniser's process takes no requests.")
        return self._process.stdin

    async def _answer(self, preview: Callable[[Hypothesis], None]) -> Hypothesis:
        while not (answer := await self._line())["final"]:
            preview(Hypothesis(answer["text"], answer["stash"]))
        return Hypothesis(answer["text"], answer["stash"])

    async def _line(self) -> dict[str, Any]:
        line = await self._process.stdout.readline() if self._process.stdout else b""
        if not line.endswith(b"\n"):
            raise ProcessDied("The recogniser's process ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _unheard(_: Hypothesis) -> None:
    """Nobody wants to know."""
