"""The port to the recognisers: a segment in, its answer out; behind it one pool of sessions a service and process.

As many threads as segments may be at work at once take them by lane, priority and age. A job that streams borrows the
place of one of them, so that the process never holds more sessions than that.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from worker.claims.lease import Lease
from worker.recognise.transport import SegmentTransport
from worker.recognise.utterances import Meter, SegmentOutcome, Utterance
from worker.spec import Spec
from worker.states import Lane

RANKS = {Lane.INTERACTIVE: 0, Lane.NORMAL: 1, Lane.BULK: 2}
IDLE_POLL_S = 0.2
CLOSE_S = 2.0
STAND_BY_S = 5.0


class StreamSlot:
    """A thread's place, lent to a job that streams."""

    def __init__(self, spec: Spec, lease: Lease) -> None:
        self.spec = spec
        self.lease = lease
        self.begun = threading.Event()
        self.done = threading.Event()


@dataclass(order=True)
class QueuedWork:
    """A segment, or a stream to stand by for, in the queue: interactive first, then by priority, then by age."""

    rank: tuple[int, int, int]
    work: Utterance | StreamSlot = field(compare=False)
    outcome: "Future[SegmentOutcome]" = field(compare=False, default_factory=Future)


class Recogniser:
    """One service as one process uses it."""

    def __init__(self, transport: SegmentTransport, *, sessions: int, depth: int = 1) -> None:
        self._transport = transport
        self._at_once = sessions * depth
        self._queue: queue.PriorityQueue[QueuedWork] = queue.PriorityQueue()
        self._numbers = count()
        self._jobs = 0
        self._lock = threading.Lock()
        # A stream lasts as long as its recording: where there are several places, one is left to segments.
        self._streams = threading.Semaphore(max(1, sessions - 1))
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name="recogniser", daemon=True) for _ in range(self._at_once)
        ]
        for thread in self._threads:
            thread.start()

    @contextmanager
    def joined(self) -> Iterator["Recogniser"]:
        """A job works with this recogniser for the block's duration."""
        self._count_jobs(+1)
        try:
            yield self
        finally:
            self._count_jobs(-1)

    @property
    def share(self) -> int:
        """Segments that one job should have on their way now: all jobs together keep the sessions fed, no more.

        So the audio in memory stays the same, whether one job works or sixteen do.
        """
        return max(1, 2 * self._at_once // max(1, self._jobs))

    def knock(self, spec: Spec, lease: Lease) -> None:
        """Return where the service can be reached, as far as this process knows; else raise what stands in the way."""
        self._transport.knock(spec, lease)

    def submit(self, utterance: Utterance) -> "Future[SegmentOutcome]":
        """Queue a segment; its future gets an SegmentOutcome, also where it failed."""
        return self._enqueue(utterance)

    @contextmanager
    def stream_slot(self, spec: Spec, lease: Lease) -> Iterator[SegmentTransport]:
        """The caller's own way to the service, when its turn has come, for the block's duration; for a stream."""
        lease.wait(lambda seconds: self._streams.acquire(timeout=seconds))
        slot = StreamSlot(spec, lease)
        standing_by = self._enqueue(slot)
        try:
            lease.wait(slot.begun.wait)
            yield self._transport
        finally:
            standing_by.cancel()
            slot.done.set()
            self._streams.release()

    def close(self) -> None:
        """Finish the idle sessions. Who is still at a segment works for no job any more, and is not waited for."""
        self._closed.set()
        until = time.monotonic() + CLOSE_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._transport.close()

    def _enqueue(self, work: Utterance | StreamSlot) -> "Future[SegmentOutcome]":
        spec = work.spec
        queued = QueuedWork((RANKS[spec.lane], -spec.priority, next(self._numbers)), work)
        self._queue.put(queued)
        return queued.outcome

    def _count_jobs(self, change: int) -> None:
        with self._lock:
            self._jobs += change

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                queued = self._queue.get(timeout=IDLE_POLL_S)
            except queue.Empty:
                continue
            if queued.outcome.set_running_or_notify_cancel():
                queued.outcome.set_result(self._work(queued.work))
                self._touch_queued()

    def _work(self, work: Utterance | StreamSlot) -> SegmentOutcome:
        return self._stand_by(work) if isinstance(work, StreamSlot) else self._recognise(work)

    def _stand_by(self, slot: StreamSlot) -> SegmentOutcome:
        """Do nothing while the job streams; who waits behind it is no hung job, as long as it may last."""
        slot.begun.set()
        while not slot.done.wait(STAND_BY_S) and not self._closed.is_set():
            self._touch_queued()
        return SegmentOutcome(sent_ms=0)

    def _recognise(self, utterance: Utterance) -> SegmentOutcome:
        meter = Meter(utterance.lease, utterance.reservation)
        try:
            answer = self._transport.hear(utterance, meter)
        except Exception as error:  # noqa: BLE001  # a thread's edge: whatever it is, the waiting job must hear of it
            return SegmentOutcome(sent_ms=meter.sent_ms, error=error)
        return SegmentOutcome(sent_ms=meter.sent_ms, answer=answer)

    def _touch_queued(self) -> None:
        """Who waits behind a segment that was done got on too: a long queue is no hung job."""
        with self._queue.mutex:
            queued = list(self._queue.queue)
        for waiting in queued:
            waiting.work.lease.touch()


class Recognisers:
    """The recognisers of a process, each made when a job first needs it."""

    def __init__(self, make: Callable[[str], Recogniser]) -> None:
        self._make = make
        self._made: dict[str, Recogniser] = {}
        self._lock = threading.Lock()

    def of(self, service: str) -> Recogniser:
        """The recogniser of the service with this name; raises UnknownService."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def close(self) -> None:
        for recogniser in self._made.values():
            recogniser.close()
