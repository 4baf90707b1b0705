"""Ports on this machine."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Where a server that listens on all addresses is reached.
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  # compared, not listened on
# Below Linux's ephemeral range: a client that keeps connecting to a port in that range whose server is down can be
# given that very port as its own end, and then the server cannot start there again.
FREE_PORTS = range(20_000, 32_000)
TRIES = 200


def free_port(host: str = LOOPBACK) -> int:
    """A port on which nothing listens."""
    for port in random.sample(FREE_PORTS, TRIES):
        if is_free(host, port):
            return port
    raise OSError(f"none of {TRIES} ports tried is free")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError:
        return False
    return True


def answers(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens there."""
    try:
        with socket.create_connection((EVERYWHERE.get(host, host), port), timeout=1):
            return True
    except OSError:
        return False


def url_of(host: str, port: int) -> str:
    """Where a server that listens on ``host`` is asked from this machine."""
    address = EVERYWHERE.get(host, host)
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
