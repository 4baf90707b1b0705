"""A recording's bytes as a file: from the media store, or fetched from its source for as long as a job needs them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.attempt.resources import Desk
from worker.claims.claim import Claim
from worker.claims.lease import Lease
from worker.errors import SourceChanged, SourceMissing
from worker.ids import new_id
from worker.media import identities
from worker.media.fetch import SourceIdentity
from worker.media.mounts import digest_of, is_mounted, opened_mounted, source_errors
from worker.media.sources import Source, fetch_source, room_for_fetched
from worker.models import Recording
from worker.recordings import learn


@contextmanager
def open_source(desk: Desk, claim: Claim, recording: Recording, lease: Lease) -> Iterator[Source]:
    """The recording's bytes for the block's duration; what had to be fetched is removed after it."""
    if recording.media_key is not None and recording.digest is not None:
        yield Source(path=desk.media.path(recording.media_key), digest=recording.digest)
        return
    if recording.source_url is None:
        raise SourceMissing
    if is_mounted(recording.source_url):
        with opened_mounted(recording.source_url, desk.settings.roots, identities.state_of(recording.identity)) as path:
            yield Source(path=path, digest=_known_digest(desk, claim, recording, lease, path))
        return
    target = room_for_fetched(desk.settings) / new_id()
    try:
        yield Source(path=target, digest=_fetch(desk, claim, recording, lease, target))
    finally:
        target.unlink(missing_ok=True)


def _known_digest(desk: Desk, claim: Claim, recording: Recording, lease: Lease, path: Path) -> str:
    """The digest, read once: the file's size and time have told that it is the same since."""
    if recording.digest is not None:
        return recording.digest
    with source_errors(recording.source_url or ""):
        digest = digest_of(path, lambda _size: lease.got_on())
    learn(desk.database, claim, digest=digest, size_bytes=path.stat().st_size)
    return digest


def _fetch(desk: Desk, claim: Claim, recording: Recording, lease: Lease, target: Path) -> str:
    url, known = recording.source_url or "", _known(recording)
    fetched = fetch_source(url, target, desk.settings, known, lambda _size: lease.got_on())
    if recording.digest is None:
        learn(desk.database, claim, digest=fetched.digest, size_bytes=fetched.size_bytes)
    elif recording.digest != fetched.digest:
        raise SourceChanged
    return fetched.digest


def _known(recording: Recording) -> SourceIdentity:
    """The state that must be found: once the bytes are known their digest decides, and no server's word for them."""
    registered = identities.state_of(recording.identity)
    if registered is not None and recording.digest is None:
        return registered
    return SourceIdentity(size_bytes=recording.size_bytes)
