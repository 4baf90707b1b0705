import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.cli.stack.home import HomeTaken, Server, announce, is_taken, own_home, read_server, running_server

HOLD = """
import sys
from pathlib import Path
from api.cli.stack.home import own_home
with own_home(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
SERVER = Server("http://127.0.0.1:1", os.getpid(), "2025-01-01T00:00:00+00:00")


@contextmanager
def held_by_another(home: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def test_a_home_has_one_owner(tmp_path: Path) -> None:
    with held_by_another(tmp_path), pytest.raises(HomeTaken), own_home(tmp_path):
        pass


def test_the_death_of_the_owner_frees_the_home_whatever_it_left(tmp_path: Path) -> None:
    with held_by_another(tmp_path) as holder:
        announce(tmp_path, SERVER)
        holder.kill()
        holder.wait()
        assert running_server(tmp_path) is None
        with own_home(tmp_path):
            assert read_server(tmp_path) is None


def test_the_record_says_where_the_stack_of_a_held_home_is(tmp_path: Path) -> None:
    with held_by_another(tmp_path):
        announce(tmp_path, SERVER)
        assert running_server(tmp_path) == SERVER


def test_who_looks_does_not_wait_for_a_stack_that_never_answers(tmp_path: Path) -> None:
    with held_by_another(tmp_path):
        assert running_server(tmp_path, start_s=0) is None


def test_an_empty_home_has_no_stack(tmp_path: Path) -> None:
    assert not is_taken(tmp_path / "nothing")
    assert running_server(tmp_path / "nothing") is None


def test_leaving_takes_the_record_away(tmp_path: Path) -> None:
    with own_home(tmp_path):
        announce(tmp_path, SERVER)
    assert not (tmp_path / "server.json").exists()
    assert not is_taken(tmp_path)


def test_half_a_record_is_none(tmp_path: Path) -> None:
    (tmp_path / "server.json").write_text('{"url": "http://127.')
    assert read_server(tmp_path) is None
