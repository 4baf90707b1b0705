"""A source, wherever it is: a look at its state, and its bytes as a file in the media store's folder for a while."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from worker.errors import UploadTooLarge
from worker.media.access import check_source, source_buckets
from worker.media.buckets import is_in_bucket
from worker.media.fetch import IDENTIFY_S, FetchedFile, announced, check_state, fetch, identify, keep
from worker.media.identities import SourceIdentity
from worker.media.mounts import identify_mounted, is_mounted
from worker.media.store import storage_errors
from worker.media.urls import display
from worker.settings import Settings

FETCHED = ".fetched"  # in the media store's folder, which has room for recordings
ABANDONED_S = 24 * 3600.0  # a file that is still there after so long belongs to a worker that was killed


def look_at_source(url: str, settings: Settings, *, deadline_s: float = IDENTIFY_S) -> SourceIdentity:
    """The state of what is at an http, https, s3 or mount URL.

    Raises InvalidRequest, SourceMissing, SourceForbidden, SourceUnreachable, UploadTooLarge.
    """
    check_source(url, settings)
    state = _state(url, settings, deadline_s)
    if (state.size_bytes or 0) > settings.max_upload_bytes and not is_mounted(url):
        raise UploadTooLarge(f"{display(url)} is larger than LONGHAND_MAX_UPLOAD_BYTES.")
    return state


def _state(url: str, settings: Settings, deadline_s: float) -> SourceIdentity:
    if is_mounted(url):
        return identify_mounted(url, settings.roots)
    if is_in_bucket(url):
        return source_buckets(settings).state(url)
    return identify(url, private=settings.private_networks, deadline_s=deadline_s)


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A recording's bytes as a file: where they are now, and their SHA-256."""

    path: Path
    digest: str


def fetch_source(
    url: str, target: Path, settings: Settings, expected: SourceIdentity | None, on_chunk: Callable[[int], None]
) -> FetchedFile:
    """Write what is at an http, https or s3 URL to ``target``. Raises as `worker.media.fetch.fetch` does."""
    if is_in_bucket(url):
        return _fetch_object(url, target, settings, expected, on_chunk)
    return fetch(
        url,
        target,
        max_bytes=settings.max_upload_bytes,
        private=settings.private_networks,
        expected=expected,
        on_chunk=on_chunk,
    )


def _fetch_object(
    url: str, target: Path, settings: Settings, expected: SourceIdentity | None, on_chunk: Callable[[int], None]
) -> FetchedFile:
    buckets = source_buckets(settings)
    state = buckets.state(url)
    check_state(url, state, expected, settings.max_upload_bytes)
    with ExitStack() as undo:
        undo.callback(target.unlink, missing_ok=True)
        fetched = keep(announced(buckets.pieces(url), on_chunk), target, state, settings.max_upload_bytes)
        undo.pop_all()
    return fetched


def room_for_fetched(settings: Settings) -> Path:
    """The folder for what is fetched for a while, rid of what the killed have left there."""
    folder = settings.resolved_media_dir / FETCHED
    with storage_errors():
        folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - ABANDONED_S
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another process was faster
            if path.stat().st_mtime < oldest:
                path.unlink()
    return folder
