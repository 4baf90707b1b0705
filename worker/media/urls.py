"""URLs of sources: which are taken, how they are shown, and what of them goes to which server."""

import base64
from urllib.parse import SplitResult, unquote, urlsplit

from worker.errors import InvalidRequest

FETCHED = frozenset({"http", "https"})
MOUNT = "mount"  # a folder of this machine, by its name: see `worker.media.mounts`
BUCKET = "s3"  # see `worker.media.buckets`
SOURCES = FETCHED | {MOUNT, BUCKET}


def display(url: str) -> str:
    """The URL as it may be shown: without credentials, query and fragment, which may carry a signature."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(no valid URL)"
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    return SplitResult(parts.scheme, host + port, parts.path, "", "").geturl()


def check_url(url: str, schemes: frozenset[str] = FETCHED) -> None:
    """Raise InvalidRequest for what is no URL with a host and one of these schemes."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not (usable and url.isascii() and url.isprintable() and " " not in url):
        raise InvalidRequest("url must be an http, https, s3 or mount URL with a host, percent-encoded.")


def origin(url: str) -> tuple[str, str]:
    """Scheme, and host with port."""
    parts = urlsplit(display(url))
    return parts.scheme, parts.netloc


def as_requested(url: str) -> str:
    """The URL without credentials and fragment, which no server is sent."""
    parts = urlsplit(url)
    return SplitResult(parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, "").geturl()


def authorization(url: str) -> str | None:
    """The Authorization header of the credentials that stand in the URL."""
    parts = urlsplit(url)
    if parts.username is None:
        return None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return "Basic " + base64.b64encode(login.encode()).decode()
