"""The home of a running stack is its owner's alone, whatever the umask: for others on the machine there is nothing."""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from api.cli import main
from tests.fixtures.command_line import UpStack, cut_sample, running_up
from tests.fixtures.other_user import as_nobody

LOOK = """
def read(path):
    open(path, "rb").close()
def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)
held = []
for path in sys.argv[1:]:
    for act in (os.listdir, read, connect):
        try:
            act(path)
        except PermissionError:
            held.append(path)
        except OSError as error:
            print(path, error)
        else:
            print(path, act)
print(len(held))
"""


@pytest.fixture(params=[0o022, 0o000])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def used(open_folder: Path, umask: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[UpStack]:
    """A stack that has done a job."""
    monkeypatch.setenv("LONGHAND_HOME", str(open_folder / "home"))
    with running_up(open_folder / "home") as stack:
        recording = cut_sample(open_folder / "one.wav", 0, 2)
        assert main(["transcribe", str(recording), "-o", str(open_folder / "texts")]) == 0
        yield stack


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


ASK = """
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as connection:
    connection.sendall(sys.argv[2].encode())
    print(connection.recv(64).split()[1].decode())
"""
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)


def status_for_nobody(port: str, path: str, *headers: str) -> str:
    """What a server answers another user of the machine, who has no key: the status, or why there is none."""
    head = "\r\n".join([f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers, "", ""])
    asked = as_nobody(ASK, port, head)
    return asked.stdout.strip() or asked.stderr


def test_neither_the_api_nor_the_recogniser_obeys_another_user(used: UpStack) -> None:
    recognizer = used.part("recognizer")
    assert recognizer is not None
    words = recognizer.cmdline()
    assert status_for_nobody(used.server.url.rpartition(":")[2], "/v1/jobs") == "401"
    port = words[words.index("--port") + 1]
    assert status_for_nobody(port, "/api-ws/v1/realtime?model=scripted", *UPGRADE) == "401"


PROCESSES = """
for pid in sys.argv[1:]:
    try:
        open(f"/proc/{pid}/environ", "rb").read()
    except PermissionError:
        print("held", open(f"/proc/{pid}/cmdline", "rb").read().decode().replace("\\0", " "))
    else:
        print("open", pid)
"""


def test_no_process_of_a_stack_shows_another_user_its_keys(used: UpStack) -> None:
    up = psutil.Process(used.process.pid)
    family = [up, *up.children(recursive=True)]
    named = [pair for process in family for pair in process.environ().items()]
    keys = {value for name, value in named if re.search("_KEYS?$", name)} | {(used.home / "key").read_text().strip()}
    assert len(keys) >= 2  # of the API, and of the stack's own recogniser
    shown = as_nobody(PROCESSES, *(str(process.pid) for process in family))
    assert [line.split()[0] for line in shown.stdout.splitlines()] == ["held"] * len(family), shown.stderr
    assert [key for key in keys if key in shown.stdout] == []


def test_nothing_of_a_home_is_for_others_and_transcripts_are_as_the_umask_says(used: UpStack, umask: int) -> None:
    held = [used.home, *used.home.rglob("*")]
    kinds = {"longhand.db", "longhand.db-wal", "server.json", "stack.lock", "redis.sock", "api.log"}
    assert kinds <= {path.name for path in held}
    assert any(len(path.name) == 64 for path in held)  # a recording's bytes
    assert {path: oct(mode(path)) for path in held if mode(path) != (0o700 if path.is_dir() else 0o600)} == {}
    (text,) = used.home.parent.joinpath("texts").iterdir()
    assert mode(text) == 0o666 & ~umask
    shown = as_nobody(LOOK, *map(str, held))
    assert shown.stdout.split() == [str(3 * len(held))], shown.stdout + shown.stderr


def test_a_command_that_brings_a_stack_up_for_the_while_keeps_to_the_owner_too(
    tmp_path: Path, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "deep" / "home"
    monkeypatch.setenv("LONGHAND_HOME", str(home))
    recording = cut_sample(tmp_path / "one.wav", 0, 2)
    assert main(["transcribe", str(recording), "--engine", "scripted", "-o", str(tmp_path / "texts")]) == 0
    held = [home, *home.rglob("*")]
    assert "up.log" in {path.name for path in held}
    assert {path: oct(mode(path)) for path in held if mode(path) != (0o700 if path.is_dir() else 0o600)} == {}


def test_up_closes_an_older_home_and_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running_up(home):
        pass
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    with running_up(home):
        said = home.with_suffix(".log").read_text()
        assert f"{home} was open to other users of this machine; what Longhand keeps there is closed now." in said
        # A link, as to the socket of a home with a long path, has no mode of its own.
        assert {path for path in (home, *home.rglob("*")) if not path.is_symlink() and mode(path) & 0o077} == set()
