"""Sources registered in place: a short look at the URL, so that a changed source is another recording."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from worker.errors import RequestError, SourceForbidden, SourceMissing, SourceUnreachable
from worker.media import identities
from worker.media.fetch import SourceIdentity
from worker.media.mounts import identify_mounted, is_mounted
from worker.media.sources import look_at_source
from worker.media.urls import SOURCES, check_url, display
from worker.recordings import NewRecording
from worker.settings import Settings
from worker.shapes.options import UrlOptions

LOOK_S = 3.0  # for one URL
LOOKS_S = 10.0  # for all of a batch; those that are not reached in it are registered without a look
LOOKS_AT_ONCE = 16
Refusal = RequestError | SourceForbidden | SourceMissing
REFUSALS = (RequestError, SourceForbidden, SourceMissing)


def registered(options: UrlOptions, settings: Settings, look_s: float = LOOK_S) -> NewRecording:
    """The source as a recording.

    Raises what can be known now: InvalidRequest, SourceForbidden, SourceMissing, UploadTooLarge. A source that does
    not answer is registered all the same: its job tries again, and says what it meets.
    """
    check_url(options.url, SOURCES)
    return _recording(options, _look(options.url, settings, look_s))


def registered_unseen(options: UrlOptions, settings: Settings) -> NewRecording:
    """The same without asking anybody, as for a hundred thousand at once: only mounted folders are looked into."""
    check_url(options.url, SOURCES)
    if is_mounted(options.url):
        return _recording(options, identify_mounted(options.url, settings.roots))
    return _recording(options, SourceIdentity())


def _recording(options: UrlOptions, state: SourceIdentity) -> NewRecording:
    return NewRecording(
        archive=options.archive,
        identity=identities.of_source(options.url, state),
        source=display(options.url),
        source_url=options.url,
        size_bytes=state.size_bytes,
        external_id=options.external_id,
        labels=options.labels,
    )


def registered_many(many: Sequence[UrlOptions], settings: Settings) -> list[NewRecording | Refusal]:
    """The same for each of many, at once and within LOOKS_S; what would be raised stands in its place."""
    end = time.monotonic() + LOOKS_S

    def one(options: UrlOptions) -> NewRecording | Refusal:
        try:
            return registered(options, settings, min(LOOK_S, end - time.monotonic()))
        except REFUSALS as refusal:
            return refusal

    with ThreadPoolExecutor(LOOKS_AT_ONCE, "look") as pool:
        return list(pool.map(one, many))


def _look(url: str, settings: Settings, look_s: float) -> SourceIdentity:
    if look_s <= 0 and not is_mounted(url):
        return SourceIdentity()
    try:
        return look_at_source(url, settings, deadline_s=look_s)
    except SourceUnreachable:
        return SourceIdentity()
