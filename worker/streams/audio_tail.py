"""One channel of a recording as a stream of bytes, from a place in it to its end, as far as the budgets allow.

Sessions follow one another over it: each takes up where the one before it left off, and repeats what it has to.
"""

import time
from collections.abc import Iterator

from worker.audio.windows import Windows
from worker.claims.lease import Lease
from worker.errors import BudgetExhausted
from worker.recognise.utterances import BYTES_PER_MS
from worker.spending.reserver import Reservation
from worker.split.channels import tracks
from worker.states import Channels

LOOK_S = 0.2  # between two looks whether others have settled what they had reserved


class AudioTail:
    """The audio behind ``from_ms``; `begin` before it is iterated.

    Where the process goes down in good order, or a budget is used up on the way, it ends early, and says so.
    """

    def __init__(self, audio: Windows, mode: Channels, channel: int, from_ms: int, *, lease: Lease) -> None:
        self.cut_short = False
        self._refused: BudgetExhausted | None = None
        self._given_bytes = 0
        self._reservation: Reservation
        self._audio = audio
        self._mode = mode
        self._channel = channel
        self._from_ms = from_ms
        self._lease = lease
        self._rest = self._read()
        self._first: bytes | None = None
        self._again = b""

    @property
    def duration_ms(self) -> int:
        """The recording's length, once it was read to its end."""
        return self._audio.duration_ms

    def begin(self, reservation: Reservation) -> bool:
        """Decode as far as the tail begins, which may take a while; whether it has anything.

        From here on what is given out is reserved in ``reservation``.
        """
        self._reservation, self._given_bytes = reservation, 0
        again, self._again = self._again, b""
        self._first = next(self._rest, None) if not again else again if self._may_give(len(again)) else None
        return self._first is not None

    def repeat(self, pcm: bytes) -> None:
        """Give this once more, before the rest."""
        self._again = pcm

    def check(self) -> None:
        """Raise BudgetExhausted where it ended early for that."""
        if self._refused is not None:
            raise self._refused

    def __iter__(self) -> Iterator[bytes]:
        if self._first is not None:
            yield self._first
        for piece in self._rest:  # noqa: UP028  # delegating would close it with a session that stops in the middle
            yield piece

    def _read(self) -> Iterator[bytes]:
        at_ms = 0
        for window in self._audio:
            if self._lease.is_stopping:
                self.cut_short = True
                return
            start_ms, at_ms = at_ms, at_ms + len(window)
            if at_ms > self._from_ms:
                heard = tracks(window, self._mode)[self._channel]
                piece: bytes = heard[max(0, self._from_ms - start_ms) :].raw_data
                if not self._may_give(len(piece)):
                    return
                yield piece

    def _may_give(self, n_bytes: int) -> bool:
        """Before the first piece there is time to wait for room; in the middle the service would wait too."""
        total_ms = -(-(self._given_bytes + n_bytes) // BYTES_PER_MS)
        if not self._given_bytes:
            self._wait_for_room(total_ms)
        try:
            self._reservation.cover(total_ms)
        except BudgetExhausted as error:
            self._refused, self.cut_short = error, True
            return False
        self._given_bytes += n_bytes
        return True

    def _wait_for_room(self, ms: int) -> None:
        while not self._reservation.try_cover(ms):
            self._lease.got_on()
            time.sleep(LOOK_S)
