"""URLs of sources: every way to write an address, redirects, names that move, answers that mean ill."""

import base64
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from realtime.protocol.errors import CodedError
from tests.attack.assault import Assault
from tests.attack.network import NameServer
from tests.fixtures.doors import sound
from worker.media.deadlines import LeastPace
from worker.media.fetch import FetchTimes, fetch, identify

PUBLIC = ("93.184.216.34", "8.8.8.8", "1.1.1.1", "151.101.1.69")
PRIVATE = (
    "127.0.0.1", "127.8.9.10", "10.0.0.1", "10.255.0.9", "172.16.0.1", "172.31.255.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "0.0.0.0", "0.1.2.3", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "192.0.2.1", "198.51.100.1", "203.0.113.9",
)  # fmt: skip
PRIVATE_6 = (
    "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::7", "feff::1", "ff02::1", "2001:db8::1", "100::1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::",
    "2002:7f00:1::", "2001::1", "2001:0:a00:1::f5ff:fffe", "5f00::1", "3fff::1",
)  # fmt: skip
# The judge of what was reached: not the product's own list.
FORBIDDEN = [
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
        "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
        "::/8 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 "
        "fe80::/10 fec0::/10 ff00::/8"
    ).split()
]
TIMES = FetchTimes(head_s=3.0, least_s=4.0, unknown_s=4.0, pace=LeastPace(bytes_per_s=1000, over_s=1.0))
HUNG_S = 12.0
LIMIT_BYTES = 200_000
SECRET = base64.b64encode(b"user:secret-of-a-url")


@dataclass
class Trap:
    """What listens at every address there is: who came, and by which address."""

    came: list[tuple[str, bytes]] = field(default_factory=list)

    def answer(self, asked: socket.socket) -> None:
        with asked, suppress(OSError):
            asked.settimeout(5)
            head = asked.recv(65_536)
            self.came.append((asked.getsockname()[0], head))
            path = head.split(b" ")[1].decode("latin-1") if head.count(b" ") else "/"
            asked.sendall(_answer(path))
            if path.startswith("/endless"):
                for _ in range(10_000):
                    asked.sendall(bytes(65_536))


def _answer(path: str) -> bytes:
    """By the path: a redirect to what stands there in base64, or some answer, by default a recording."""
    if path.startswith("/to/"):
        where = base64.urlsafe_b64decode(path.removeprefix("/to/").split("/")[0])
        return b"HTTP/1.1 302 Found\r\nLocation: " + where + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    if path.startswith("/round"):
        return b"HTTP/1.1 301 Moved\r\nLocation: /round\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    kinds = {
        "/endless": b"HTTP/1.1 200 OK\r\n\r\n",
        "/long": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nx",
        "/minus": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
        "/head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000,
        "/heads": b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 50_000,
        "/etag": b"HTTP/1.1 200 OK\r\nETag: " + b'"a' * 20_000 + b"\r\nContent-Length: 1\r\n\r\nx",
        "/nothing": b"",
        "/nonsense": b"\0\xff" * 1000,
        "/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nx",
        "/gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00",
        "/continue": b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000,
        "/status": b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        "/chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nx",
    }
    for name, answer in kinds.items():
        if path.startswith(name):
            return answer
    content = sound()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(content) + content


ANSWERS = (
    "endless",
    "long",
    "minus",
    "head",
    "heads",
    "etag",
    "nothing",
    "nonsense",
    "cut",
    "gzip",
    "continue",
    "status",
    "chunks",
    "round",
)


@contextmanager
def trapped() -> Iterator[Trap]:
    """At port 80 of all addresses of both families."""
    trap = Trap()
    with ExitStack() as opened:
        for family, everywhere in ((socket.AF_INET, ""), (socket.AF_INET6, "::")):
            with suppress(OSError):
                listener = opened.enter_context(socket.create_server((everywhere, 80), family=family, backlog=200))
                threading.Thread(target=_listen, args=(listener, trap), daemon=True).start()
        yield trap


def _listen(listener: socket.socket, trap: Trap) -> None:
    with suppress(OSError):
        while True:
            asked, _ = listener.accept()
            threading.Thread(target=trap.answer, args=(asked,), daemon=True).start()


def urls(assault: Assault) -> None:
    """Whatever the URL and the answers say, no private address is connected to, and a URL's password stays with its
    server."""
    if not assault.networked:
        assault.tally.notes.append("needs a network of its own")
        return
    assault.counts_what_is_reached()
    public = 0
    with trapped() as trap, NameServer().running():
        for _ in assault.inputs(2000):
            trap.came.clear()
            url = _url(assault.dice)
            public += _fetched(assault, url)
            _judge(assault, trap, url)
    if not public:
        assault.found("no public address was reached either", "")


def _fetched(assault: Assault, url: str) -> bool:
    target = assault.folder / "fetched"
    try:
        with assault.within(url[:300], HUNG_S):
            if assault.dice.random() < 0.3:
                identify(url, deadline_s=3.0)
            else:
                fetch(url, target, max_bytes=LIMIT_BYTES, times=TIMES)
    except CodedError as error:
        if "secret-of-a-url" in str(error):
            assault.found("a URL's password is in the error", str(error))
        return False
    except Exception as error:  # noqa: BLE001  # what is no error of ours is the finding
        assault.found(f"an error without a code: {type(error).__name__}", f"{url[:300]} {error!r}")
        return False
    finally:
        target.unlink(missing_ok=True)
    return True


def _judge(assault: Assault, trap: Trap, url: str) -> None:
    for address, head in list(trap.came):
        reached = ipaddress.ip_address(address.split("%")[0])
        mapped = getattr(reached, "ipv4_mapped", None) or reached
        if any(mapped in network for network in FORBIDDEN if network.version == mapped.version):
            assault.reached(f"{mapped} by {url[:300]}")
        if SECRET in head and str(mapped) != PUBLIC[0]:
            assault.found("a URL's password went to another server", f"{mapped} by {url[:300]}")


def _url(dice: Random) -> str:
    """A way to a private address, or a public server that leads there or answers ill."""
    kind = dice.randrange(5)
    if kind == 0:
        return _written(dice, _private(dice))
    if kind == 1:
        steps = _written(dice, _private(dice))
        for _ in range(dice.choice((1, 1, 2, 5, 8))):
            steps = f"http://{dice.choice(PUBLIC)}/to/{base64.urlsafe_b64encode(steps.encode()).decode()}/"
        return steps
    if kind == 2:
        labels = [dice.choice((*PUBLIC, *PRIVATE[:14])) for _ in range(dice.choice((1, 2, 3)))]
        name = ".".join("a-" + label.replace(".", "-") for label in labels)
        return f"http://{name}.n{dice.randrange(10**9)}.test/{dice.choice(('', 'round'))}"
    if kind == 3:
        other = f"http://{dice.choice(PUBLIC[1:])}/"
        way = base64.urlsafe_b64encode(other.encode()).decode()
        return f"http://user:secret-of-a-url@{PUBLIC[0]}/{dice.choice(('', 'to/' + way))}"
    return f"http://{dice.choice(PUBLIC)}/{dice.choice((*ANSWERS, ''))}"


def _private(dice: Random) -> str:
    return dice.choice(PRIVATE if dice.random() < 0.6 else PRIVATE_6)


def _written(dice: Random, address: str) -> str:
    """One of the ways to write it, with what else may stand in a URL."""
    if ":" in address:
        host = dice.choice(
            (f"[{address}]", f"[{address}%25lo]", f"[{ipaddress.ip_address(address).exploded}]", f"[{address.upper()}]")
        )
    else:
        number, parts = int(ipaddress.ip_address(address)), address.split(".")
        host = dice.choice(
            (
                address,
                str(number),
                hex(number),
                f"0{number:o}",
                ".".join(f"0{int(part):o}" for part in parts),
                ".".join(hex(int(part)) for part in parts),
                f"{parts[0]}.{int(parts[1]) * 65536 + int(parts[2]) * 256 + int(parts[3])}",
                address + ".",
                f"%{ord(address[0]):x}{address[1:]}",
                address.translate(str.maketrans("0123456789.", "０１２３４５６７８９。")),
                f"[::ffff:{address}]",
                f"[::{address}]",
                f"[64:ff9b::{address}]",
                f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::]",
                "localhost",
                "LOCALHOST.",
                f"{PUBLIC[0]}@{address}",
                f"{address}#@{PUBLIC[0]}",
                f"{address}\\@{PUBLIC[0]}",
                f"a-{address.replace('.', '-')}.test",
            )
        )
    scheme = dice.choice(("http", "http", "http", "HTTP", "https", "ftp", "gopher", "file", "http:"))
    return (
        f"{scheme}://{host}{dice.choice(('', '', ':80', ':0080', ':'))}{dice.choice(('/', '', '/a.wav', '?q', '//'))}"
    )
