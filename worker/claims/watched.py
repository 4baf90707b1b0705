"""A decoding under a job's lease: each window is progress, and a place to stop."""

from collections.abc import Iterator
from typing import cast

from worker.audio.windows import AudioSegment, Decoding
from worker.claims.lease import Lease


class Watched:
    """Hours of silence give no piece, but their windows show that the job is alive, and let a cancel be heard."""

    def __init__(self, decoding: Decoding, lease: Lease) -> None:
        self.channels = decoding.channels
        self._decoding = decoding
        self._lease = lease

    @property
    def duration_ms(self) -> int:
        return self._decoding.duration_ms

    def mix(self) -> bool:
        """As of a `Decoding`."""
        mixed = self._decoding.mix()
        self.channels = self._decoding.channels
        return mixed

    def __iter__(self) -> Iterator[AudioSegment]:
        for window in self._decoding:
            self._lease.check()
            self._lease.touch()
            yield window


def watched(decoding: Decoding, lease: Lease) -> Decoding:
    """The same decoding, which raises what the lease says between two windows."""
    return cast(
        "Decoding", Watched(decoding, lease)
    )  # it has all that is used of one: channels, length, windows, mixing
