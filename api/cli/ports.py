"""Ports on this machine."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range: a client that keeps connecting to a port in that range whose server is down can be
# given that very port as its own end, and then the server cannot start there again.
FREE_PORTS = range(20_000, 32_000)
TRIES = 200


def free_port() -> int:
    """A loopback port on which nothing listens."""
    for port in random.sample(FREE_PORTS, TRIES):
        if is_free(LOOPBACK, port):
            return port
    raise OSError(f"none of {TRIES} ports tried is free")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on that loopback port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
