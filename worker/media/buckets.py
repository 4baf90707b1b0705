"""Buckets: recordings that stay there, and results that are written there, by s3:// URLs. Keys are percent-encoded.

This module alone knows fsspec and s3fs, and imports them when a bucket is first asked for. Keys and region come from
where every program of AWS looks for them; LONGHAND_S3_ENDPOINT names another place that speaks the same protocol.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import IO, Any, cast
from urllib.parse import quote, unquote, urlsplit

from worker.errors import ConfigurationError, InvalidRequest, SourceChanged, SourceForbidden, SourceMissing
from worker.errors import SourceUnreachable as Unreachable
from worker.media.deadlines import DeadlinePassed, in_time
from worker.media.identities import SourceIdentity
from worker.media.urls import BUCKET

PIECE_BYTES = 4 * 1024**2  # each is a request of its own
PIECE_S = 300.0  # for each: some 14 KB a second, which all that is nearly alive gives
PAGE_KEYS = 1000  # the most that a bucket lists at once
CONNECT_S, READ_S = 5, 60


def is_in_bucket(url: str) -> bool:
    """Whether it names something in a bucket."""
    return url.startswith(f"{BUCKET}://")


def bucket_url(bucket: str, key: str) -> str:
    """The URL of an object."""
    return f"{BUCKET}://{bucket}/{quote(key)}"


@dataclass(frozen=True)
class ListedObject:
    """An object of a listing; ``key`` is its name in the bucket, ``changed_s`` when it was written (Unix time)."""

    url: str
    key: str
    state: SourceIdentity
    changed_s: float


class Buckets:
    """The buckets behind one endpoint; empty: Amazon's. ``check`` is given each URL before anything is asked or loaded.

    Each method raises SourceMissing, SourceForbidden (also where no keys are found), SourceUnreachable,
    ConfigurationError where the extra ``s3`` is not installed, and what ``check`` raises.
    """

    def __init__(
        self,
        endpoint: str = "",
        *,
        check: Callable[[str], None] = lambda _url: None,
        page_keys: int = PAGE_KEYS,
        piece_bytes: int = PIECE_BYTES,
        piece_s: float = PIECE_S,
    ) -> None:
        self._endpoint = endpoint
        self._check = check
        self._page_keys = page_keys
        self._piece_bytes = piece_bytes
        self._piece_s = piece_s

    def state(self, url: str) -> SourceIdentity:
        """Its size and ETag, which are another once it was written anew."""
        bucket, key = self._checked(url)
        with _our_errors(url):
            head = self._system.call_s3("head_object", Bucket=bucket, Key=key)
        return _state(head["ContentLength"], head["ETag"])

    def listed(self, url: str, after: str = "") -> Iterator[ListedObject]:
        """All objects whose keys begin with the URL's, in the order of their keys, from behind ``after`` on."""
        bucket, prefix = self._checked(url)
        while True:
            with _our_errors(url):
                page = self._system.call_s3(
                    "list_objects_v2", Bucket=bucket, Prefix=prefix, StartAfter=after, MaxKeys=self._page_keys
                )
            for found in page.get("Contents", ()):
                after = found["Key"]
                state = _state(found["Size"], found["ETag"])
                yield ListedObject(bucket_url(bucket, after), after, state, found["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return

    def pieces(self, url: str) -> Iterator[bytes]:
        """Its bytes, never more than a piece in memory. Raises SourceChanged where it is written anew meanwhile."""
        with self.opened(url) as file:
            while piece := self._next_piece(url, file):
                yield piece

    def _next_piece(self, url: str, file: IO[bytes]) -> bytes:
        try:
            return in_time(partial(file.read, self._piece_bytes), self._piece_s)
        except DeadlinePassed as error:
            raise Unreachable(f"{url} comes too slowly.") from error

    @contextmanager
    def opened(self, url: str) -> Iterator[IO[bytes]]:
        """The object as a file to read from, without anything read ahead."""
        place = self._checked(url)
        with _our_errors(url):
            file = self._system.open("/".join(place), "rb", cache_type="none")
        with file, _our_errors(url):
            yield file

    @contextmanager
    def writing(self, url: str) -> Iterator[IO[bytes]]:
        """A new object, which is there when the block ends well, whole, and else not at all."""
        place = self._checked(url)
        with _our_errors(url):
            file = self._system.open("/".join(place), "wb")
            try:
                yield file
            except BaseException:
                file.discard()
                file.closed = True  # or the collector would try to write it all the same
                raise
            file.close()

    def remove(self, url: str) -> None:
        """Remove an object, if it is there."""
        bucket, key = self._checked(url)
        with _our_errors(url):
            self._system.call_s3("delete_object", Bucket=bucket, Key=key)

    def _checked(self, url: str) -> tuple[str, str]:
        self._check(url)
        return bucket_and_key(url)

    @property
    def _system(self) -> Any:  # noqa: ANN401  # the library has no types
        return _connected(self._endpoint)


def bucket_and_key(url: str) -> tuple[str, str]:
    """Bucket and key; raises InvalidRequest where it is no URL of a bucket."""
    parts = urlsplit(url)
    if parts.scheme != BUCKET or not parts.netloc:
        raise InvalidRequest(f"{url[:200]!r} is no s3://bucket/key.")
    return parts.netloc, unquote(parts.path).lstrip("/")


@lru_cache(maxsize=8)
def _connected(endpoint: str) -> Any:  # noqa: ANN401  # the library has no types
    try:
        import fsspec  # noqa: PLC0415  # an extra, and slow to load
        import s3fs  # noqa: F401, PLC0415  # fsspec would look for it only later
    except ModuleNotFoundError as error:
        raise ConfigurationError("s3:// needs the extra `s3`: pip install 'longhand[s3]'.") from error
    times = {"connect_timeout": CONNECT_S, "read_timeout": READ_S}
    return fsspec.filesystem("s3", endpoint_url=endpoint or None, use_listings_cache=False, config_kwargs=times)


def _state(size_bytes: int, etag: str) -> SourceIdentity:
    return SourceIdentity(size_bytes=int(size_bytes), etag=etag.strip('"'))


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    """What the library raises, by who must act. Its own sentences may name keys, so they stay inside."""
    from botocore.exceptions import BotoCoreError, NoCredentialsError  # noqa: PLC0415  # comes with s3fs
    from s3fs.utils import FileExpired  # noqa: PLC0415  # see above

    try:
        yield
    except FileNotFoundError as error:
        raise SourceMissing(f"{url} is not there: look at the bucket and the key.") from error
    except PermissionError as error:
        raise SourceForbidden(f"{url} may not be read or written with the keys that were found.") from error
    except NoCredentialsError as error:
        raise SourceForbidden(f"{url}: no keys for s3:// were found: set AWS_ACCESS_KEY_ID and its secret.") from error
    except FileExpired as error:
        raise SourceChanged(f"{url} was written anew while it was read.") from error
    except (BotoCoreError, OSError) as error:
        raise Unreachable(f"{url} does not answer ({type(cast(Exception, error)).__name__}).") from error
