import socket

import pytest

from api.cli.stack.ports import answers, free_port, is_free, url_of


def test_a_free_port_can_be_listened_on_and_then_it_is_taken() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
        assert answers(port)
    assert not answers(port)


def test_a_free_port_lies_below_the_range_that_the_kernel_gives_to_clients() -> None:
    assert free_port() < 32_768


def test_the_address_that_is_bound_is_asked() -> None:
    port = free_port("127.0.0.2")
    with socket.create_server(("127.0.0.2", port)):
        assert answers(port, "127.0.0.2")
        assert not answers(port)


def test_a_server_on_all_addresses_is_asked_on_loopback() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:  # for an instant
        assert answers(server.getsockname()[1], "0.0.0.0")


@pytest.mark.skipif(not is_free("::1", 0), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "::"])
def test_so_is_one_that_listens_on_ipv6_alone(host: str) -> None:
    port = free_port(host)
    with socket.create_server((host, port), family=socket.AF_INET6):
        assert answers(port, host)
        assert not answers(port)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.2", "http://127.0.0.2:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("fd00::7", "http://[fd00::7]:8080"),
        ("myhost", "http://myhost:8080"),
    ],
)
def test_a_url_can_be_opened_whatever_is_listened_on(host: str, url: str) -> None:
    assert url_of(host, 8080) == url
