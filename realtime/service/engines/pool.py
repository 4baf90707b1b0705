"""A few decoder processes behind one queue. One that dies is replaced, and its request is tried once more."""

import asyncio
import logging
from collections.abc import Callable

from realtime.protocol.engine import Hypothesis, SegmentFailed
from realtime.service.engines.process import DecoderProcess, ProcessDied

_ATTEMPTS = 2  # a segment that has killed two processes is answered with its failure
_RESTART_PAUSE_S = 1.0

log = logging.getLogger(__name__)


class ProcessPool:
    """Runs ``processes`` children of ``module``; requests wait in order of arrival."""

    def __init__(self, module: str, processes: int) -> None:
        self._module = module
        self._size = processes
        self._idle: asyncio.Queue[DecoderProcess] = asyncio.Queue()
        self._children: set[DecoderProcess] = set()
        self._starting: set[asyncio.Task[None]] = set()

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that are up."""
        return [child.pid for child in self._children]

    async def start(self) -> None:
        """Start all processes; raises ProcessDied where they cannot."""
        await asyncio.gather(*(self._add() for _ in range(self._size)))

    async def ask(
        self, pcm: bytes, preview: Callable[[Hypothesis], None], *, deadline_s: float, **header: object
    ) -> Hypothesis:
        """The answer of whichever process is free; raises SegmentFailed. Cancelling it ends the work."""
        for _ in range(_ATTEMPTS):
            child = await self._idle.get()
            try:
                return await self._work(child, pcm, preview, deadline_s, header)
            except ProcessDied:
                log.warning("a recogniser process died; another takes its place", extra={"pid": child.pid})
        raise SegmentFailed("The recogniser died on this segment.")

    async def ask_idle(
        self, wanted: Callable[[DecoderProcess], bool], pcm: bytes, *, deadline_s: float, **header: object
    ) -> tuple[DecoderProcess, Hypothesis] | None:
        """The answer of an idle process that is ``wanted``; None where there is none. Raises also ProcessDied."""
        child = self._take_now(wanted)
        if child is None:
            return None
        return child, await self._work(child, pcm, lambda _: None, deadline_s, header)

    async def close(self) -> None:
        """End all processes."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for child in self._children:
            child.kill()
        await asyncio.gather(*(child.wait() for child in self._children))

    def _take_now(self, wanted: Callable[[DecoderProcess], bool]) -> DecoderProcess | None:
        for _ in range(self._idle.qsize()):
            child = self._idle.get_nowait()
            if wanted(child):
                return child
            self._idle.put_nowait(child)
        return None

    async def _work(
        self,
        child: DecoderProcess,
        pcm: bytes,
        preview: Callable[[Hypothesis], None],
        deadline_s: float,
        header: dict[str, object],
    ) -> Hypothesis:
        answer = None
        try:
            async with asyncio.timeout(deadline_s):
                answer = await child.ask(pcm, preview, **header)
        except TimeoutError as error:
            raise SegmentFailed("The recogniser took too long for this segment.") from error
        finally:
            self._release(child, usable=answer is not None)
        return answer

    def _release(self, child: DecoderProcess, *, usable: bool) -> None:
        """A process that was left in the middle of a request is of no more use."""
        if usable:
            self._idle.put_nowait(child)
            return
        child.kill()
        self._children.discard(child)
        task = asyncio.create_task(self._replace(child))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _replace(self, child: DecoderProcess) -> None:
        await child.wait()
        while True:
            try:
                return await self._add()
            except (ProcessDied, OSError) as error:
                log.warning("a recogniser process did not start; tried again in a second: %s", error)
                await asyncio.sleep(_RESTART_PAUSE_S)

    async def _add(self) -> None:
        child = await DecoderProcess.start(self._module)
        self._children.add(child)
        self._idle.put_nowait(child)
