"""A network of this process's own, in which every address is this machine: who connects anywhere is seen.

Linux only, as root or where users may make namespaces. Elsewhere the rows that need one say so.
"""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
NEW_ROUTE, REQUEST_AND_CREATE = 24, 0x405
LOCAL_TABLE, STATIC, LINK_SCOPE, TYPE_LOCAL = 255, 4, 254, 2
OUTPUT_INTERFACE = 4
LOOPBACK_INDEX = 1


def enter() -> bool:
    """Leave the machine's network for an empty one. False where that may not be."""
    if not Path("/proc/self/ns/net").exists():
        return False
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWNET | CLONE_NEWUSER
    uid, gid = os.getuid(), os.getgid()
    if ctypes.CDLL(None, use_errno=True).unshare(flags) != 0:
        return False
    if flags & CLONE_NEWUSER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    _bring_up(b"lo")
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError):  # a kernel without IPv6
            _lead_everything_here(family)
    return True


def _bring_up(name: bytes) -> None:
    with socket.socket() as control:
        request = struct.pack("16sH14x", name, 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | IFF_UP))


def _lead_everything_here(family: int) -> None:
    """`ip route add local default dev lo table local`."""
    attribute = struct.pack("=HHI", 8, OUTPUT_INTERFACE, LOOPBACK_INDEX)
    route = struct.pack("=BBBBBBBBI", family, 0, 0, 0, LOCAL_TABLE, STATIC, LINK_SCOPE, TYPE_LOCAL, 0) + attribute
    head = struct.pack("=IHHII", 16 + len(route), NEW_ROUTE, REQUEST_AND_CREATE, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.bind((0, 0))
        netlink.send(head + route)
        (error,) = struct.unpack_from("=i", netlink.recv(4096), 16)
        if error:
            raise OSError(-error, os.strerror(-error))


def connects() -> int:
    """How many connections this network's processes have begun, and datagrams they have sent, to anywhere."""
    counted = 0
    lines = Path("/proc/self/net/snmp").read_text().splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=True):
        row = dict(zip(names.split()[1:], map(int, values.split()[1:]), strict=True))
        counted += row.get("ActiveOpens", 0) + row.get("OutDatagrams", 0)
    return counted


class NameServer:
    """Answers every question with the addresses that stand in the name, one each time it is asked, the last for ever.

    `a-93-184-216-34.b-10-0-0-1.test` is 93.184.216.34 first and 10.0.0.1 afterwards.
    """

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}

    @contextmanager
    def running(self) -> Iterator[None]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("", 53))
            server.settimeout(0.2)
            ending = threading.Event()
            thread = threading.Thread(target=self._serve, args=(server, ending), daemon=True)
            thread.start()
            yield
            ending.set()
            thread.join()

    def _serve(self, server: socket.socket, ending: threading.Event) -> None:
        while not ending.is_set():
            with suppress(TimeoutError, IndexError, struct.error):
                question, asker = server.recvfrom(2048)
                server.sendto(self._answer(question), asker)

    def _answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length
        kind = struct.unpack(">H", question[at + 1 : at + 3])[0]
        asked = question[12 : at + 5]
        address = self._next(labels) if kind == 1 else None
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if address else 0, 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address) if address else b""
        return head + asked + record

    def _next(self, labels: list[str]) -> str:
        addresses = [label[2:].replace("-", ".") for label in labels if label[1:2] == "-"] or ["203.0.113.1"]
        name = ".".join(labels)
        turn = self._asked.get(name, 0)
        self._asked[name] = turn + 1
        return addresses[min(turn, len(addresses) - 1)]
