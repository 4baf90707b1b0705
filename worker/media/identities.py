"""What makes two submissions the same recording: the digest of its bytes, or its source's URL and state."""

import hashlib
import json
from dataclasses import dataclass

BYTES = "sha256:"
SOURCE = "source:"
LONGEST = 120  # characters of an etag or a date that are kept as they came: the identity is in an index


@dataclass(frozen=True, kw_only=True)
class SourceIdentity:
    """What tells one state of a source from another; None where the server does not say.

    An etag or a date of any length is what the server likes: of a long one its digest is kept, which tells as much.
    """

    size_bytes: int | None = None
    etag: str | None = None
    last_modified: str | None = None

    def __post_init__(self) -> None:
        for name in ("etag", "last_modified"):
            object.__setattr__(self, name, _short(getattr(self, name)))

    def contradicts(self, other: "SourceIdentity") -> bool:
        """Whether the two cannot be the same state."""
        dated = self.etag is None or other.etag is None  # an etag says more than a date
        pairs: list[tuple[object, object]] = [(self.size_bytes, other.size_bytes), (self.etag, other.etag)]
        pairs += [(self.last_modified, other.last_modified)] if dated else []
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


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


def _short(said: str | None) -> str | None:
    if said is None or len(said) <= LONGEST:
        return said
    return BYTES + hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
