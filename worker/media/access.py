"""Which sources the settings allow: a bucket by name, as a mounted folder has one; networks are checked on the way.

Without a name in LONGHAND_S3_BUCKETS a bucket is not asked, and no keys are looked for.
"""

from functools import partial

from worker.errors import InvalidRequest
from worker.media.buckets import Buckets, bucket_and_key, is_in_bucket
from worker.media.urls import SOURCES, check_url
from worker.settings import Settings

EVERY = "*"


def check_source(url: str, settings: Settings) -> None:
    """Raise InvalidRequest for what is no URL of a source, or of a bucket that is not allowed. Asks nobody."""
    check_url(url, SOURCES)
    if is_in_bucket(url):
        check_bucket(url, settings)


def check_bucket(url: str, settings: Settings) -> None:
    """Raise InvalidRequest where the settings do not allow what is in a bucket, or all that begins with a prefix."""
    bucket, key = bucket_and_key(url)
    if not any(_allows(allowed, bucket, key) for allowed in settings.buckets):
        raise InvalidRequest(f"url: s3://{bucket[:63]}/… is not in LONGHAND_S3_BUCKETS: add the bucket there.")


def source_buckets(settings: Settings) -> Buckets:
    """The buckets that recordings may be read from."""
    return Buckets(settings.s3_endpoint, check=partial(check_bucket, settings=settings))


def _allows(allowed: str, bucket: str, key: str) -> bool:
    name, _, prefix = allowed.partition("/")
    if name not in {bucket, EVERY}:
        return False
    # A server that takes keys for paths would follow the dots out of the prefix.
    return not prefix or (key.startswith(f"{prefix.rstrip('/')}/") and not {".", ".."} & set(key.split("/")))
