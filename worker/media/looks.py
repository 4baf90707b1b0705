"""A look at a source, wherever it is: what tells its present state from another, without its bytes."""

from worker.errors import UploadTooLarge
from worker.media.buckets import Buckets, is_in_bucket
from worker.media.fetch import IDENTIFY_S, SourceIdentity, identify
from worker.media.mounts import identify_mounted, is_mounted
from worker.media.urls import SOURCES, check_url, display
from worker.settings import Settings


def look_at_source(url: str, settings: Settings, *, deadline_s: float = IDENTIFY_S) -> SourceIdentity:
    """The state of what is at an http, https, s3 or mount URL.

    Raises InvalidRequest, SourceMissing, SourceForbidden, SourceUnreachable, UploadTooLarge.
    """
    check_url(url, SOURCES)
    state = _state(url, settings, deadline_s)
    if (state.size_bytes or 0) > settings.max_upload_bytes and not is_mounted(url):
        raise UploadTooLarge(f"{display(url)} is larger than LONGHAND_MAX_UPLOAD_BYTES.")
    return state


def _state(url: str, settings: Settings, deadline_s: float) -> SourceIdentity:
    if is_mounted(url):
        return identify_mounted(url, settings.roots)
    if is_in_bucket(url):
        return Buckets(settings.s3_endpoint).state(url)
    return identify(url, allow_private=settings.allow_private_urls, deadline_s=deadline_s)
