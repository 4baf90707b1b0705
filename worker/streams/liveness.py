"""How long a service may listen to a stream without a word, before it is asked whether it is there.

Music and noise may rightly have no event at all, and a dead service has none either. What tells them apart is
`session.finish`, which a living service must answer when it has heard all: so a session over which nothing was said for
too long is ended in good order, and the stream goes on in a new one.
"""

import time
from collections.abc import Iterable, Iterator

from worker.claims.lease import Lease
from worker.recognise.sessions import SharedSession
from worker.streams.passing_audio import SoundSpans

# Most recordings of speech have an utterance in their first minute; a dead service costs no more than this.
UNKNOWN_MS = 60_000
# From one that has spoken, or answered a finish: a new session in ten minutes of music costs nearly nothing, and the
# deadline of the answer (`realtime.client.options`) lets a service that is only just real-time hear it all.
KNOWN_MS = 600_000
QUIET_S = 10.0  # at a high pace much is sent before even a quick service can have said anything
LOOK_S = 0.05


class Liveness:
    """Over one session. ``limit_ms`` until the service has spoken for the first time, ``known_ms`` afterwards."""

    def __init__(
        self,
        session: SharedSession,
        sounds: SoundSpans,
        lease: Lease,
        *,
        limit_ms: int,
        known_ms: int = KNOWN_MS,
        quiet_s: float = QUIET_S,
    ) -> None:
        self.has_ended_it = False  # the audio ended here, and not the recording
        self._session = session
        self._sounds = sounds
        self._lease = lease
        self._limit_ms = limit_ms
        self._known_ms = known_ms
        self._quiet_s = quiet_s
        self._signs = session.signs
        self._since_ms = sounds.until_ms
        self._quiet_since = time.monotonic()

    def through(self, frames: Iterable[bytes]) -> Iterator[bytes]:
        """The same frames, up to where the service is to be asked."""
        for frame in frames:
            yield frame
            self._look()
            if self._unspoken_ms() >= self._limit_ms and not self._spoke_in_time():
                self.has_ended_it = True
                return

    def _unspoken_ms(self) -> int:
        """From the first sound that the service, when it had it, might have spoken of; silence behind it counts."""
        first_ms = self._sounds.first_behind(self._since_ms)
        return 0 if first_ms is None else self._sounds.until_ms - first_ms

    def _spoke_in_time(self) -> bool:
        """Whether the service spoke after all; who stops, or whose session ended, has no need to ask."""
        while self._session.alive and not self._lease.is_stopping and not self._look():
            if time.monotonic() >= self._quiet_since + self._quiet_s:
                return False
            self._lease.got_on_sending()
            time.sleep(LOOK_S)
        return True

    def _look(self) -> bool:
        """Whether the service has spoken since the last look; then the count begins anew."""
        if self._session.signs == self._signs:
            return False
        self._signs = self._session.signs
        self._limit_ms = self._known_ms
        self._since_ms = self._sounds.until_ms
        self._quiet_since = time.monotonic()
        return True
