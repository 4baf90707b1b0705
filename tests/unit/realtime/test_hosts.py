"""By which names a server may be asked, and which pages are its own."""

import pytest

from realtime.hosts import HostRule, is_same_origin, open_host

OWN = ["127.0.0.1", "127.0.0.1:8080", "localhost", "LocalHost:9000", "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"]
OTHERS = [
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "evil.example@127.0.0.1",
    "127.0.0.1:8080, evil.example",
    "127.0.0.1/evil.example",
    "http://127.0.0.1",
    "localhost.",
    "127.0.0.2",
    "10.0.0.5:8080",
    "0.0.0.0:8080",
    "127.1",
    "2130706433",
    "[::]",
    "[::ffff:127.0.0.1]",
    "::1",
    "127.0.0.1:",
    "127.0.0.1:70000",
    "127.0.0.1:x",
    "",
]


@pytest.mark.parametrize("host", OWN)
def test_a_server_is_asked_by_the_names_of_loopback_at_any_port(host: str) -> None:
    assert HostRule().knows(host)


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::", ""])
def test_a_server_is_asked_by_no_other_name(host: str, listening: str) -> None:
    assert not HostRule(listening).knows(host)


@pytest.mark.parametrize(
    ("listening", "host"),
    [
        ("127.0.0.2", "127.0.0.2:8080"),
        ("10.0.0.5", "10.0.0.5"),
        ("fd00::5", "[fd00::5]:8080"),
        ("build-7", "BUILD-7:8080"),
    ],
)
def test_the_address_that_it_listens_at_is_one_of_its_names(listening: str, host: str) -> None:
    assert HostRule(listening).knows(host)
    assert not HostRule().knows(host)


@pytest.mark.parametrize(
    ("other", "host", "known"),
    [
        ("longhand.example", "longhand.example", True),
        ("longhand.example", "LONGHAND.example:8443", True),
        ("longhand.example", "api.longhand.example", False),
        ("longhand.example:8443", "longhand.example:8443", True),
        ("longhand.example:8443", "longhand.example:8080", False),
        ("longhand.example:8443", "longhand.example", False),
        ("longhand.example:443", "longhand.example", True),
        ("10.0.0.5", "10.0.0.5:8080", True),
        ("[fd00::5]", "[FD00:0::5]:8080", True),
        ("*", "evil.example", False),
    ],
)
def test_a_name_that_was_added_holds_for_any_port_or_for_its_own(other: str, host: str, known: bool) -> None:
    assert HostRule(others=("another.example", other)).knows(host) is known


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("https://127.0.0.1:8080", "127.0.0.1:8080", True),
        ("ws://localhost:8080", "localhost:8080", True),
        ("wss://longhand.example", "longhand.example:443", True),
        ("https://longhand.example", "longhand.example", True),
        ("http://longhand.example", "longhand.example:80", True),
        ("HTTP://[::1]:8080", "[::1]:8080", True),
        ("http://127.0.0.1:8081", "127.0.0.1:8080", False),
        ("http://127.0.0.1", "127.0.0.1:8080", False),
        ("http://localhost:8080", "127.0.0.1:8080", False),
        ("http://evil.example", "127.0.0.1:8080", False),
        ("http://evil.example:8080", "127.0.0.1:8080", False),
        ("http://127.0.0.1:8080.evil.example", "127.0.0.1:8080", False),
        ("http://evil@127.0.0.1:8080", "127.0.0.1:8080", False),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080", False),
        ("127.0.0.1:8080", "127.0.0.1:8080", False),
        ("file://", "127.0.0.1:8080", False),
        ("chrome-extension://127.0.0.1:8080", "127.0.0.1:8080", False),
        ("null", "null", False),
        ("", "127.0.0.1:8080", False),
    ],
)
def test_a_page_is_of_the_server_where_it_came_from_the_name_and_port_that_are_asked(
    origin: str, host: str, same: bool
) -> None:
    assert is_same_origin(origin, host) is same


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("wss://asr.example/", ""),
        ("https://asr.example/v1", ""),
        ("ws://127.0.0.1:8765/", ""),
        ("ws://127.9.9.9/", ""),
        ("http://localhost:8000", ""),
        ("http://[::1]:8000", ""),
        ("ws://asr.example:80/", "asr.example"),
        ("WS://ASR.example/", "asr.example"),
        ("http://user@10.0.0.7:8000/v1", "10.0.0.7"),
        ("http://[fd00::7]/", "fd00::7"),
        ("ws://localhost.example/", "localhost.example"),
        ("ws://127.0.0.1.example/", "127.0.0.1.example"),
        ("ws://0.0.0.0/", "0.0.0.0"),
        ("ws://127.1/", "127.1"),
    ],
)
def test_a_url_without_tls_is_open_where_it_leaves_the_machine(url: str, host: str) -> None:
    assert open_host(url) == host
