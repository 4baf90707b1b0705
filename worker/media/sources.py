"""A source's bytes as a file: fetched into the media store's folder for a while."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from worker.media.buckets import Buckets, is_in_bucket
from worker.media.fetch import Fetched, SourceIdentity, check_state, fetch, keep, told
from worker.media.store import storage_errors
from worker.settings import Settings

FETCHED = ".fetched"  # in the media store's folder, which has room for recordings
ABANDONED_S = 24 * 3600.0  # a file that is still there after so long belongs to a worker that was killed


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A recording's bytes as a file: where they are now, and their SHA-256."""

    path: Path
    digest: str


def fetch_source(
    url: str, target: Path, settings: Settings, known: SourceIdentity | None, on_chunk: Callable[[int], None]
) -> Fetched:
    """Write what is at an http, https or s3 URL to ``target``. Raises as `worker.media.fetch.fetch` does."""
    if is_in_bucket(url):
        return _fetch_object(url, target, settings, known, on_chunk)
    return fetch(
        url,
        target,
        max_bytes=settings.max_upload_bytes,
        allow_private=settings.allow_private_urls,
        known=known,
        on_chunk=on_chunk,
    )


def _fetch_object(
    url: str, target: Path, settings: Settings, known: SourceIdentity | None, on_chunk: Callable[[int], None]
) -> Fetched:
    buckets = Buckets(settings.s3_endpoint)
    state = buckets.state(url)
    check_state(url, state, known, settings.max_upload_bytes)
    with ExitStack() as undo:
        undo.callback(target.unlink, missing_ok=True)
        fetched = keep(told(buckets.pieces(url), on_chunk), target, state, settings.max_upload_bytes)
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
