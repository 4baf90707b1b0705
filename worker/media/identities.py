"""What makes two submissions the same recording: the digest of its bytes, or its source's URL and state."""

import hashlib
import json

from worker.media.fetch import SourceIdentity

BYTES = "sha256:"
SOURCE = "source:"


def of_bytes(digest: str) -> str:
    """The identity of a recording whose bytes are in the media store."""
    return BYTES + digest


def of_source(url: str, state: SourceIdentity) -> str:
    """The identity of a source in place; the URL is hashed, since it may carry a signature."""
    hashed = hashlib.sha256(url.encode()).hexdigest()
    parts = [hashed, state.size_bytes, state.etag, state.last_modified]
    return SOURCE + json.dumps(parts, separators=(",", ":"))


def state_of(identity: str) -> SourceIdentity | None:
    """The source's state when it was registered, for `fetch` to hold against; None for bytes of our own."""
    if not identity.startswith(SOURCE):
        return None
    _, size_bytes, etag, last_modified = json.loads(identity.removeprefix(SOURCE))
    return SourceIdentity(size_bytes=size_bytes, etag=etag, last_modified=last_modified)
