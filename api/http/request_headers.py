"""What a request's headers ask for: how long to wait, what it has already, and in which form."""

import re
from collections.abc import Iterator

from worker.errors import InvalidRequest
from worker.results.export import MEDIA_TYPES, Format

MAX_WAIT_S = 60.0


def wait_s(prefer: str | None) -> float:
    """Seconds of ``Prefer: wait=30`` (RFC 7240), at most MAX_WAIT_S; 0 where none are asked for."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer or "", re.IGNORECASE)
    return min(float(found.group(1)), MAX_WAIT_S) if found else 0.0


def etag(version: int) -> str:
    """Weak: the estimate of the time left is another one at each look."""
    return f'W/"{version}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has this version (RFC 9110, 13.1.2: compared weakly)."""
    known = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return "*" in known or tag.removeprefix("W/") in known


def chosen_format(asked: str | None, accept: str | None) -> Format:
    """``?format=`` if there is one, else the first of Accept that is one of ours, else JSON. Raises InvalidRequest."""
    if asked is None:
        return next(_accepted(accept or ""), Format.JSON)
    try:
        return Format(asked.lower())
    except ValueError as error:
        raise InvalidRequest(f"format must be one of {', '.join(Format)}; got {asked[:20]!r}.") from error


def _accepted(accept: str) -> Iterator[Format]:
    by_type = {media_type: form for form, media_type in MEDIA_TYPES.items()}
    for media_type, _ in sorted(map(_weighed, accept.split(",")), key=lambda weighed: -weighed[1]):
        if media_type in by_type:
            yield by_type[media_type]
        elif media_type in {"*/*", "application/*"}:
            yield Format.JSON
        elif media_type == "text/*":
            yield Format.TXT


def _weighed(media_range: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip().lower() for part in media_range.split(";"))
    weights = [part[2:] for part in parameters if re.fullmatch(r"q=[01](\.\d*)?", part)]
    return media_type, float(weights[0]) if weights else 1.0
