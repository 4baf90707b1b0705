"""`longhand archive watch` as a process of its own, over a folder that somebody writes into meanwhile."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.doors import opened, settings_for, sound
from tests.fixtures.importing import Filling
from tests.fixtures.paths import ROOT
from tests.fixtures.waiting import wait_for
from worker.imports.importer import run_imports

SETTLE_S = 3.0
LOOKS = 3  # while the file grows
PATIENCE_S = 120.0


@pytest.fixture
def filling(sqlite_url: str, tmp_path: Path) -> Iterator[Filling]:
    """With an importer that runs as it does beside a dispatcher."""
    (tmp_path / "calls").mkdir()
    settings = settings_for(sqlite_url, tmp_path, media_roots=f"calls={tmp_path / 'calls'}")
    with opened(settings) as house:
        stop = threading.Event()
        importer = threading.Thread(target=run_imports, args=[settings, stop])
        importer.start()
        yield Filling(house, tmp_path / "calls")
        stop.set()
        importer.join()


@contextmanager
def watching(filling: Filling, shown: Path, *before: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, a look a second; what it prints goes to the file. Killed where the test has not ended it.

    ``before`` is a command that becomes it.
    """
    options = ["--every-s", "1", "--settle-s", str(SETTLE_S)]
    command = [*before, sys.executable, "-m", "api.cli", "archive", "watch", "radio", *options]
    environment = {**os.environ, "LONGHAND_URL": str(filling.client.base_url), "PYTHONUNBUFFERED": "1"}
    with shown.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Somebody writes on at the file for the block's duration."""
    done = threading.Event()

    def write() -> None:
        while not done.wait(0.05):
            with path.open("ab") as file:
                file.write(bytes(320))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


def looks(filling: Filling) -> int:
    """Imports that came to their end."""
    items = filling.client.get("/v1/archives/radio/imports").json()["items"]
    return sum(one["status"] == "succeeded" for one in items)


def sources(filling: Filling) -> list[str]:
    return [one["source"] for one in filling.recordings(archive="radio")]


def test_watch_takes_a_file_once_it_has_stopped_growing(filling: Filling, tmp_path: Path) -> None:
    os.utime(filling.put("old.wav"), (time.time() - 300,) * 2)
    filling.put("new.wav", sound(5))
    assert filling.client.put("/v1/archives/radio/source", json={"folder": "mount://calls"}).status_code == 200
    with watching(filling, tmp_path / "shown") as process:
        with growing(filling.folder / "new.wav"):
            wait_for(lambda: looks(filling) >= LOOKS, PATIENCE_S)
            assert sources(filling) == ["mount://calls/old.wav"]
        size = (filling.folder / "new.wav").stat().st_size
        wait_for(lambda: len(sources(filling)) == 2, PATIENCE_S)
        wait_for(lambda: (tmp_path / "shown").read_text().count("1 added") == 2, PATIENCE_S)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
    taken = filling.recordings(archive="radio")[-1]
    assert (taken["source"], taken["size_bytes"]) == ("mount://calls/new.wav", size)
    lines = [line for line in (tmp_path / "shown").read_text().splitlines() if "succeeded" in line]
    assert len(lines) == 2, "a look that finds nothing new says nothing"


def test_watch_hears_ctrl_c_where_a_script_that_started_it_in_the_background_does_not(
    filling: Filling, tmp_path: Path
) -> None:
    filling.put("old.wav")
    assert filling.client.put("/v1/archives/radio/source", json={"folder": "mount://calls"}).status_code == 200
    with watching(filling, tmp_path / "shown", "sh", "-c", "trap '' INT; exec \"$@\"", "sh") as process:
        wait_for(lambda: looks(filling) >= 1, PATIENCE_S)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130
