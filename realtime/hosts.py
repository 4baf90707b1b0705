"""By which names a server may be asked, and from which pages: what keeps web pages away from a server of their reader.

A page can send a browser anywhere. That it did so stands in `Origin`; that a name of its own was moved to this machine,
so that it counts as one with the server, in `Host`. Neither can be written by a page. Nothing here moves a byte.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}  # of an address that names none
_WRITTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


class Address(NamedTuple):
    """A name in small letters, an IPv6 address in brackets; and the port, where one was given."""

    name: str
    port: int | None


def address_of(written: str) -> Address | None:
    """As `Host` has it; None where it is none."""
    found = _WRITTEN.fullmatch(written.strip())
    if found is None:
        return None
    port = int(found[2]) if found[2] else None
    return None if port is not None and port > 65535 else Address(_plain(found[1]), port)


def is_literal(name: str) -> bool:
    """Whether it is an IP address: such a name cannot be moved."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a server that listens there is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_same_origin(origin: str, host: str) -> bool:
    """Whether a page of this `Origin` came from the server that was asked as this `Host`.

    The scheme is not compared: behind a proxy that speaks TLS the server knows only its own.
    """
    scheme, _, rest = origin.strip().partition("://")
    default = PORTS.get(scheme.lower())
    asking, asked = address_of(rest), address_of(host)
    if default is None or asking is None or asked is None:
        return False
    return asking.name == asked.name and (asking.port or default) == (asked.port or default)


def open_host(url: str) -> str:
    """The host that this URL sends to without TLS, where others on the way can read along; empty where none can.

    What stays on this machine is read by nobody else. A private network is a network of others.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return "" if parts.scheme.lower() not in {"ws", "http"} or is_loopback(host) else host


@dataclass(frozen=True)
class HostRule:
    """The names of one server: the loopback's, the address that it listens at, and ``others`` that it was told.

    One of ``others`` with a port holds for that port. The rest hold for any: a tunnel or a container has a port of its
    own, and a browser always names the one that it asks.
    """

    listening: str = "127.0.0.1"
    others: tuple[str, ...] = ()

    def knows(self, host: str) -> bool:
        """Whether the server may be asked by this `Host`."""
        asked = address_of(host)
        if asked is None:
            return False
        return asked.name in LOOPBACK or asked.name == self._own or any(_is(asked, other) for other in self.others)

    @property
    def _own(self) -> str | None:
        """What it was asked to listen at; None where that is every address."""
        name = f"[{self.listening}]" if ":" in self.listening else self.listening
        own = address_of(name)
        if own is None or (is_literal(own.name) and ipaddress.ip_address(own.name.strip("[]")).is_unspecified):
            return None
        return own.name


def _is(asked: Address, other: str) -> bool:
    listed = address_of(other)
    if listed is None or listed.name != asked.name:
        return False
    if listed.port is None or listed.port == asked.port:
        return True
    return asked.port is None and listed.port in PORTS.values()


def _plain(name: str) -> str:
    """One spelling of each name."""
    if not name.startswith("["):
        return name.lower()
    try:
        return f"[{ipaddress.ip_address(name.strip('[]')).compressed}]"
    except ValueError:
        return name.lower()
