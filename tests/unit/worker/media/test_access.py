"""Buckets by name: what is not in the list is refused before anybody is asked."""

import subprocess
import sys
from collections.abc import Callable
from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from worker.errors import InvalidRequest
from worker.media.access import check_source, source_buckets
from worker.settings import ALL_NETWORKS, Settings


@pytest.mark.parametrize(
    "url",
    ["s3://calls/a.wav", "s3://calls/", "s3://radio/2024/a.wav", "s3://radio/2024/", "https://host/a", "mount://x/a"],
)
def test_what_is_in_the_list_may_be_a_source(url: str) -> None:
    check_source(url, Settings(s3_buckets="calls, radio/2024"))


@pytest.mark.parametrize(
    "url",
    [
        "s3://call/a.wav",
        "s3://calls2/a.wav",
        "s3://Calls/a.wav",
        "s3://me@calls/a.wav",
        "s3://calls:80/a.wav",
        "s3://radio/",
        "s3://radio/2024",
        "s3://radio/2024x/a.wav",
        "s3://radio/2025/a.wav",
        "s3://radio/2024/../2025/a.wav",
        "s3://radio/2024/%2e%2e/2025/a.wav",
        "s3://radio/./2024/a.wav",
        "ftp://host/a",
    ],
)
def test_what_is_not_in_the_list_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_source(url, Settings(s3_buckets="calls,radio/2024"))


def test_without_a_list_no_bucket_is_a_source_and_with_a_star_each_is() -> None:
    with pytest.raises(InvalidRequest, match="LONGHAND_S3_BUCKETS"):
        check_source("s3://calls/a.wav", Settings())
    check_source("s3://calls/a.wav", Settings(s3_buckets="*"))


def test_what_is_not_allowed_is_refused_by_every_way_to_it() -> None:
    buckets = source_buckets(Settings(s3_buckets="radio"))
    ways: list[Callable[[str], object]] = [
        buckets.state,
        lambda url: next(buckets.listed(url)),
        lambda url: next(buckets.pieces(url)),
        buckets.remove,
        lambda url: buckets.writing(url).__enter__(),
    ]
    for way in ways:
        with pytest.raises(InvalidRequest):
            way("s3://calls/a.wav")


def test_what_is_not_allowed_does_not_even_load_the_library() -> None:
    program = (
        "import sys; from worker.media.sources import look_at_source; from worker.settings import Settings\n"
        "try: look_at_source('s3://calls/a.wav', Settings())\nexcept Exception as error: print(error.code)\n"
        "print('botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["invalid_request", "False"]


@pytest.mark.parametrize("given", ["calls/", "s3://calls", "a b", "/calls"])
def test_buckets_are_given_by_name(given: str) -> None:
    with pytest.raises(ValidationError, match="names of buckets"):
        Settings(s3_buckets=given)


@pytest.mark.parametrize(
    ("given", "networks"),
    [
        (True, ALL_NETWORKS),
        ("true", ALL_NETWORKS),
        ("1", ALL_NETWORKS),
        (False, ()),
        ("false", ()),
        ("no", ()),
        ("10.0.0.0/8, fd00:1::/32", (ip_network("10.0.0.0/8"), ip_network("fd00:1::/32"))),
        ("192.168.1.7", (ip_network("192.168.1.7"),)),
    ],
)
def test_private_networks_are_a_yes_a_no_or_a_list(given: object, networks: object) -> None:
    assert Settings.model_validate({"allow_private_urls": given}).private_networks == networks


@pytest.mark.parametrize("given", ["10.0.0.1/8", "maybe", "10.0.0.0/40"])
def test_what_is_no_network_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(allow_private_urls=given)
