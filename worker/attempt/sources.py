"""A recording's bytes as a file: from the media store, or fetched from its source for as long as a job needs them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.attempt.slots import Slots
from worker.claims.lease import POLL_S, Lease
from worker.database import Database
from worker.errors import SourceChanged, SourceMissing, SourcesBusy
from worker.ids import new_id
from worker.media import identities
from worker.media.identities import SourceIdentity
from worker.media.mounts import digest_of, is_mounted, opened_mounted, source_errors
from worker.media.sources import SourceFile, fetch_source, room_for_fetched
from worker.media.store import MediaStore
from worker.models import Recording
from worker.recordings import learn
from worker.settings import Settings

PLACE_WAIT_S = 1.0  # then the job gives its slot back


class Sources:
    """Opens recordings for attempts; what is learnt about one on the way is kept with it.

    No more than half of the process's slots fetch at once, with a share for the interactive lane as slots have it.
    """

    def __init__(
        self, database: Database, media: MediaStore, settings: Settings, *, place_wait_s: float = PLACE_WAIT_S
    ) -> None:
        self._database = database
        self._media = media
        self._settings = settings
        self._places = Slots(max(1, settings.jobs // 2))
        self._place_wait_s = place_wait_s

    @contextmanager
    def open(self, recording: Recording, lease: Lease) -> Iterator[SourceFile]:
        """The recording's bytes for the block's duration; what had to be fetched is removed after it."""
        if recording.media_key is not None and recording.digest is not None:
            yield SourceFile(path=self._media.path(recording.media_key), digest=recording.digest)
            return
        if recording.source_url is None:
            raise SourceMissing
        if is_mounted(recording.source_url):
            registered = identities.state_of(recording.identity)
            with opened_mounted(recording.source_url, self._settings.roots, registered) as path:
                yield SourceFile(path=path, digest=self._digest_of_mounted(recording, lease, path))
            return
        target = room_for_fetched(self._settings) / new_id()
        try:
            yield SourceFile(path=target, digest=self._fetch(recording, lease, target))
        finally:
            target.unlink(missing_ok=True)

    def _digest_of_mounted(self, recording: Recording, lease: Lease, path: Path) -> str:
        """The digest, read once: the file's size and time have told that it is the same since."""
        if recording.digest is not None:
            return recording.digest
        with source_errors(recording.source_url or ""):
            digest = digest_of(path, lambda _size: lease.got_on())
        learn(self._database, lease.claim, digest=digest, size_bytes=path.stat().st_size)
        return digest

    def _fetch(self, recording: Recording, lease: Lease, target: Path) -> str:
        url, state = recording.source_url or "", _expected_state(recording)
        with self._place(lease):
            fetched = fetch_source(url, target, self._settings, state, lambda _size: lease.got_on())
        if recording.digest is None:
            learn(self._database, lease.claim, digest=fetched.digest, size_bytes=fetched.size_bytes)
        elif recording.digest != fetched.digest:
            raise SourceChanged
        return fetched.digest

    @contextmanager
    def _place(self, lease: Lease) -> Iterator[None]:
        """A place among those that fetch, so that slow servers leave slots for recordings that are here.

        Raises SourcesBusy where none comes free soon, and as `Lease.check` does.
        """
        until = time.monotonic() + self._place_wait_s
        while True:
            with self._places.room_for(lease.claim.spec.lane) as held:
                if held:
                    yield
                    return
            if time.monotonic() >= until:
                raise SourcesBusy
            lease.got_on()
            time.sleep(POLL_S)


def _expected_state(recording: Recording) -> SourceIdentity:
    """The state that must be found: once the bytes are known their digest decides, and no server's word for them."""
    registered = identities.state_of(recording.identity)
    if registered is not None and recording.digest is None:
        return registered
    return SourceIdentity(size_bytes=recording.size_bytes)
