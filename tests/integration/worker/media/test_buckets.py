"""Recordings in a bucket: stated, listed in order, read in pieces, written whole or not at all."""

import os
import subprocess
import sys

import pytest

from tests.fixtures.buckets import BUCKET, BucketServer
from worker.errors import ConfigurationError, InvalidRequest, SourceChanged, SourceForbidden, SourceMissing
from worker.media import buckets
from worker.media.buckets import Buckets, bucket_and_key, bucket_url, is_in_bucket


def test_an_object_is_known_by_its_size_and_its_etag(bucket_server: BucketServer) -> None:
    url = bucket_server.put("a.wav", b"one")
    first = bucket_server.buckets.state(url)
    bucket_server.put("a.wav", b"two")
    second = bucket_server.buckets.state(url)
    assert first.size_bytes == second.size_bytes == 3
    assert first.contradicts(second)


def test_a_listing_goes_on_behind_a_key_over_pages_and_in_their_order(
    bucket_server: BucketServer,
) -> None:
    buckets = Buckets(bucket_server.endpoint, page_keys=2)
    for key in ("2024/c.wav", "2024/a.wav", "2024/b/d.wav", "2024/é a.wav", "2025/x.wav"):
        bucket_server.put(key, key.encode())
    found = list(buckets.listed(f"s3://{BUCKET}/2024/"))
    assert [one.key for one in found] == ["2024/a.wav", "2024/b/d.wav", "2024/c.wav", "2024/é a.wav"]
    behind = buckets.listed(f"s3://{BUCKET}/2024/", found[1].key)
    assert [one.url for one in behind] == [found[2].url, "s3://calls/2024/%C3%A9%20a.wav"]
    assert b"".join(bucket_server.buckets.pieces(found[3].url)) == "2024/é a.wav".encode()


def test_bytes_come_in_pieces(bucket_server: BucketServer) -> None:
    content = os.urandom(2500)
    pieces = list(Buckets(bucket_server.endpoint, piece_bytes=1000).pieces(bucket_server.put("a.wav", content)))
    assert ([len(piece) for piece in pieces], b"".join(pieces)) == ([1000, 1000, 500], content)


def test_an_object_that_is_written_anew_while_it_is_read_is_a_changed_source(
    bucket_server: BucketServer,
) -> None:
    pieces = Buckets(bucket_server.endpoint, piece_bytes=10).pieces(bucket_server.put("a.wav", bytes(30)))
    next(pieces)
    bucket_server.put("a.wav", b"1" * 30)
    with pytest.raises(SourceChanged):
        next(pieces)


def test_what_breaks_off_is_not_written(bucket_server: BucketServer) -> None:
    def broken() -> None:
        with bucket_server.buckets.writing("s3://calls/half.txt") as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    with pytest.raises(SourceMissing):
        bucket_server.buckets.state("s3://calls/half.txt")


def test_what_is_not_there_is_missing(bucket_server: BucketServer) -> None:
    with pytest.raises(SourceMissing):
        bucket_server.buckets.state("s3://calls/none.wav")
    with pytest.raises(SourceMissing):
        list(bucket_server.buckets.listed("s3://none/"))
    with pytest.raises(SourceMissing):
        list(bucket_server.buckets.pieces("s3://calls/none.wav"))


def test_a_place_is_a_bucket_and_a_key() -> None:
    assert is_in_bucket("s3://b/k")
    assert not is_in_bucket("https://b/k")
    assert bucket_and_key("s3://b/2024/a%20b.wav") == ("b", "2024/a b.wav")
    assert bucket_url("b", "2024/a b.wav") == "s3://b/2024/a%20b.wav"
    for wrong in ("s3:///k", "https://b/k"):
        with pytest.raises(InvalidRequest):
            bucket_and_key(wrong)


def test_without_keys_it_is_said_which_to_set(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    buckets._connected.cache_clear()
    with pytest.raises(SourceForbidden, match="AWS_ACCESS_KEY_ID"):
        Buckets(bucket_server.endpoint + "/").state("s3://calls/a.wav")


def test_the_library_is_loaded_only_where_it_is_needed() -> None:
    program = "import sys, worker.media.buckets, worker.media.sources; print('fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    buckets._connected.cache_clear()
    with pytest.raises(ConfigurationError, match=r"pip install 'longhand\[s3\]'"):
        Buckets("http://127.0.0.1:1").state("s3://calls/a.wav")
