"""URLs of sources: taken, shown, sent."""

import pytest

from worker.errors import InvalidRequest
from worker.media.urls import as_requested, authorization, check_url, display, origin


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    assert display("https://me:pw@host:8443/a/b.mp3?sig=x#y") == "https://host:8443/a/b.mp3"
    assert display("https://[2001:db8::1]:1/a") == "https://[2001:db8::1]:1/a"
    assert display("http://host:port/?secret") == "(no valid URL)"


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "file:///etc/passwd", "http:///x", "//host/x", "http://host:x/", "http://h/a b", "http://h/\n"],
)
def test_what_is_no_url_of_the_web_is_an_invalid_request(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url)


def test_an_ordinary_url_is_taken() -> None:
    check_url("https://archive.example:8443/a%20b.mp3?sig=x")


def test_a_server_is_sent_neither_credentials_nor_fragment() -> None:
    assert as_requested("https://me:pw@host:8443/a?b=c#d") == "https://host:8443/a?b=c"
    assert as_requested("http://host") == "http://host/"


def test_credentials_are_those_of_the_url() -> None:
    assert authorization("https://host/") is None
    assert authorization("https://me@host/") == "Basic bWU6"


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin("https://me:pw@Host:8443/a?b") == ("https", "host:8443")
    assert origin("https://host/") != origin("http://host/")
