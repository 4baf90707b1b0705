import socket

from api.cli.ports import answers, free_port, is_free


def test_a_free_port_can_be_listened_on_and_then_it_is_taken() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
        assert answers(port)
    assert not answers(port)


def test_a_free_port_lies_below_the_range_that_the_kernel_gives_to_clients() -> None:
    assert free_port() < 32_768
