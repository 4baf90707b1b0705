"""A source's URL, fetched as what strangers give: allowed addresses only, counted bytes, a deadline for the whole.

Nothing of the environment is used: no proxy, no .netrc. Errors name a URL without its query and credentials.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpcore

from realtime.protocol.errors import CodedError
from worker.errors import (
    InvalidRequest,
    SourceChanged,
    SourceForbidden,
    SourceMissing,
    SourceUnreachable,
    UploadTooLarge,
)
from worker.media.addresses import Network
from worker.media.deadlines import USUAL_PACE, Deadline, DeadlinePassed, LeastPace
from worker.media.identities import SourceIdentity
from worker.media.public_network import CheckedBackend, ForbiddenAddress
from worker.media.store import hash_and_write, make_durable, storage_errors
from worker.media.urls import as_requested, authorization, check_url, display, origin

MAX_REDIRECTS = 5
MOST_DIGITS = 18  # of a length that 64 bits hold; what claims more is too long in any case
OPERATION_S = 30.0
IDENTIFY_S = 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MISSING = frozenset({404, 410})
FORBIDDEN = frozenset({401, 403, 407, 451})


@dataclass(frozen=True, kw_only=True)
class FetchTimes:
    """How long a source may take, in seconds: up to its first byte, and then for ``whole_s`` of its bytes.

    Beside the whole there is a pace to keep, so that a server that gives a byte now and then is soon left.
    """

    head_s: float = 60.0
    least_s: float = 600.0  # for any source
    bytes_per_s: float = 64 * 1024  # at the mean, for what is larger
    unknown_s: float = 3600.0  # where the server does not say how much there is
    pace: LeastPace = USUAL_PACE

    def whole_s(self, size_bytes: int | None) -> float:
        """How long the bytes may take to come."""
        return self.unknown_s if size_bytes is None else self.least_s + size_bytes / self.bytes_per_s


USUAL = FetchTimes()


@dataclass(frozen=True, kw_only=True)
class FetchedFile:
    """A source that now lies in a file: ``digest`` is its SHA-256, ``head`` its first bytes."""

    digest: str
    size_bytes: int
    head: bytes
    identity: SourceIdentity


def identify(url: str, *, private: Sequence[Network] = (), deadline_s: float = IDENTIFY_S) -> SourceIdentity:
    """What the server says of the source, without fetching it. ``private`` networks may be asked besides public ones.

    A GET that is closed after its headers: a URL signed for GET refuses HEAD. Raises as `fetch` does.
    """
    with _get(url, Deadline(deadline_s), private) as response:
        return _identity(response)


def fetch(
    url: str,
    target: Path,
    *,
    max_bytes: int,
    private: Sequence[Network] = (),
    expected: SourceIdentity | None = None,
    times: FetchTimes = USUAL,
    on_chunk: Callable[[int], None] = lambda _size: None,
) -> FetchedFile:
    """Write what is at ``url`` to ``target``, which is removed again after any error.

    ``private`` networks may be asked besides public ones. ``on_chunk`` is told the size of each piece before it is
    written; what it raises ends the fetch.

    Raises SourceMissing, SourceForbidden (also for a private address), SourceChanged where it contradicts ``expected``,
    UploadTooLarge, StorageFailed, InvalidRequest; SourceUnreachable for all that may pass.
    """
    deadline = Deadline(times.head_s)
    with ExitStack() as undo, _get(url, deadline, private) as response:
        undo.callback(target.unlink, missing_ok=True)
        identity = _identity(response)
        check_state(url, identity, expected, max_bytes)
        deadline.begin_body(times.whole_s(identity.size_bytes), times.pace)
        fetched = keep(announced(response.iter_stream(), on_chunk), target, identity, max_bytes)
        undo.pop_all()
    return fetched


def check_state(url: str, identity: SourceIdentity, expected: SourceIdentity | None, max_bytes: int) -> None:
    """Raises SourceChanged where the source is not what is known of it, UploadTooLarge where it says so itself."""
    if expected is not None and expected.contradicts(identity):
        raise SourceChanged(f"{display(url)} is not what was registered any more: submit it again.")
    if (identity.size_bytes or 0) > max_bytes:
        raise UploadTooLarge(f"{display(url)} is larger than {max_bytes} bytes. {UploadTooLarge.hint}")


def announced(chunks: Iterable[bytes], on_chunk: Callable[[int], None]) -> Iterator[bytes]:
    """The chunks, each told of before it is used."""
    for chunk in chunks:
        on_chunk(len(chunk))
        yield chunk


def keep(chunks: Iterable[bytes], target: Path, identity: SourceIdentity, max_bytes: int) -> FetchedFile:
    """Write the bytes of a source to ``target``. Raises UploadTooLarge, StorageFailed, and what reading raises."""
    with storage_errors():
        file = target.open("wb")
    with file:
        digest, size, head = hash_and_write(file, chunks, max_bytes)
        make_durable(file)
    return FetchedFile(digest=digest, size_bytes=size, head=head, identity=identity)


@contextmanager
def _get(url: str, deadline: Deadline, private: Sequence[Network]) -> Iterator[httpcore.Response]:
    """The answer to a GET after redirects, with its body yet to be read. Network errors become ours."""
    check_url(url)
    backend = CheckedBackend(deadline, private)
    with (
        _our_errors(url),
        httpcore.ConnectionPool(network_backend=backend, max_keepalive_connections=0) as pool,
        ExitStack() as opened,
    ):
        response = _follow(url, pool, opened)
        _check_status(url, response.status)
        yield response


def _follow(url: str, pool: httpcore.ConnectionPool, opened: ExitStack) -> httpcore.Response:
    """The first answer that is no redirect; ``opened`` closes it."""
    current = url
    for _request in range(MAX_REDIRECTS + 1):
        request = pool.stream("GET", as_requested(current), headers=_headers(url, current), extensions=_timeouts())
        response = opened.enter_context(request)
        if response.status not in REDIRECTS:
            return response
        current = _redirected(url, urljoin(current, _header(response, b"location") or ""))
        opened.close()
    raise SourceUnreachable(f"{display(url)} redirects more than {MAX_REDIRECTS} times.")


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    shown = display(url)
    try:
        yield
    except ForbiddenAddress as error:
        raise SourceForbidden(
            f"{shown} leads to a private address, which is not in LONGHAND_ALLOW_PRIVATE_URLS."
        ) from error
    except DeadlinePassed as error:
        raise SourceUnreachable(f"{shown} did not arrive in time.") from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise SourceUnreachable(f"{shown} does not answer ({type(error).__name__}).") from error


def _redirected(url: str, current: str) -> str:
    try:
        check_url(current)
    except InvalidRequest as error:
        raise SourceForbidden(f"{display(url)} redirects to what is no http or https URL.") from error
    return current


def _check_status(url: str, status: int) -> None:
    if status == 200:
        return
    kind: type[CodedError] = SourceUnreachable
    if status in MISSING:
        kind = SourceMissing
    elif status in FORBIDDEN:
        kind = SourceForbidden
    raise kind(f"{display(url)} answers with HTTP status {status}. {kind.hint}")


def _identity(response: httpcore.Response) -> SourceIdentity:
    length = _header(response, b"content-length") or ""
    return SourceIdentity(
        size_bytes=int(length[:MOST_DIGITS]) if length.isdecimal() else None,
        etag=_header(response, b"etag"),
        last_modified=_header(response, b"last-modified"),
    )


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


def _headers(first: str, current: str) -> dict[bytes | str, bytes | str]:
    """Credentials of the URL go to its own origin only, wherever it redirects to."""
    headers: dict[bytes | str, bytes | str] = {
        "Host": origin(current)[1],
        "User-Agent": "longhand",
        "Accept-Encoding": "identity",
    }
    login = authorization(first)
    if login is not None and origin(first) == origin(current):
        headers["Authorization"] = login
    return headers


def _timeouts() -> dict[str, dict[str, float]]:
    return {"timeout": {"connect": OPERATION_S, "read": OPERATION_S, "write": OPERATION_S, "pool": OPERATION_S}}
