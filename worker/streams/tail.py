"""One channel of a recording as a stream of bytes, from a place in it to its end, as far as the budgets allow."""

import time
from collections.abc import Iterator

from worker.audio.windows import Decoding
from worker.errors import BudgetExhausted
from worker.process.lease import Lease
from worker.recognise.utterances import BYTES_PER_MS
from worker.spec import Channels
from worker.spending.held import Held
from worker.split.channels import tracks

LOOK_S = 0.2  # between two looks whether others have settled what they had reserved


class Tail:
    """The audio behind ``from_ms``; all of it that was given out is reserved in ``held``.

    Where the process goes down in good order, or a budget is used up on the way, it ends early, and says so.
    """

    def __init__(
        self, decoding: Decoding, mode: Channels, channel: int, from_ms: int, *, lease: Lease, held: Held
    ) -> None:
        self.cut_short = False
        self._refused: BudgetExhausted | None = None
        self._given_bytes = 0
        self._held = held
        self._decoding = decoding
        self._mode = mode
        self._channel = channel
        self._from_ms = from_ms
        self._lease = lease
        self._rest = self._read()
        self._first: bytes | None = None

    @property
    def duration_ms(self) -> int:
        """The recording's length, once it was read to its end."""
        return self._decoding.duration_ms

    def skip(self) -> bool:
        """Decode as far as the tail begins, which may take a while; whether it has anything."""
        self._first = next(self._rest, None)
        return self._first is not None

    def check(self) -> None:
        """Raise BudgetExhausted where it ended early for that."""
        if self._refused is not None:
            raise self._refused

    def __iter__(self) -> Iterator[bytes]:
        if self._first is not None:
            yield self._first
        yield from self._rest

    def _read(self) -> Iterator[bytes]:
        at_ms = 0
        for window in self._decoding:
            self._lease.check_frame()
            self._lease.touch()
            if self._lease.is_stopping:
                self.cut_short = True
                return
            start_ms, at_ms = at_ms, at_ms + len(window)
            if at_ms > self._from_ms:
                heard = tracks(window, self._mode)[self._channel]
                piece: bytes = heard[max(0, self._from_ms - start_ms) :].raw_data
                if not self._may_give(len(piece)):
                    self.cut_short = True
                    return
                yield piece

    def _may_give(self, n_bytes: int) -> bool:
        """Before the first piece there is time to wait for room; in the middle the service would wait too."""
        total_ms = -(-(self._given_bytes + n_bytes) // BYTES_PER_MS)
        if not self._given_bytes:
            self._wait_for_room(total_ms)
        try:
            self._held.cover(total_ms)
        except BudgetExhausted as error:
            self._refused = error
            return False
        self._given_bytes += n_bytes
        return True

    def _wait_for_room(self, ms: int) -> None:
        while not self._held.try_cover(ms):
            self._lease.check()
            self._lease.touch()
            time.sleep(LOOK_S)
