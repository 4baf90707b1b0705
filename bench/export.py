"""`longhand export` of very many recordings into a folder: how long it takes, and how much memory.

A PostgreSQL cluster of its own, one API process, the command in a process of its own. Each recording has a transcript
of ten segments; two formats are written. The second run finds everything there. The aim is memory that does not grow
with the number of recordings, so two numbers of them are exported.

Run: python -m bench.export [--recordings 2000 20000]
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import insert

import migrations
from api.cli.stack.plan import own_command
from bench.report import keep, load, show
from bench.stack import until
from tests.fixtures.postgres_cluster import running_cluster
from tests.fixtures.redis import free_port
from worker import keys
from worker.database import Database
from worker.ids import new_id
from worker.models import Recording, Transcript
from worker.states import KeyScope

SEGMENTS = 10
AT_ONCE = 1000  # rows in one transaction
WORDS = "one two three four five six seven eight nine ten "


@dataclass(frozen=True)
class Exported:
    """One run of the command."""

    recordings: int
    run: str
    seconds: float
    peak_mb: float


def fill(database: Database, archive: str, count: int) -> None:
    """Recordings with their current transcripts."""
    segments: list[dict[str, Any]] = [
        {
            "channel": 0,
            "speaker": None,
            "start_ms": 10_000 * n,
            "end_ms": 10_000 * n + 9000,
            "text": WORDS * 3,
            "language": "en",
            "emotion": None,
            "flags": [],
        }
        for n in range(SEGMENTS)
    ]
    plain: dict[str, Any] = {"origin": "import", "duration_ms": 1, "sent_ms": 0, "text": "", "gaps": []}
    for first in range(0, count, AT_ONCE):
        ids = [(new_id(), new_id()) for _ in range(min(AT_ONCE, count - first))]
        with database.writing() as session:
            session.execute(insert(Recording), [_recording(archive, *pair) for pair in ids])
            rows = [
                {**plain, "id": made, "recording_id": of, "segments": segments, "created_ms": 0} for of, made in ids
            ]
            session.execute(insert(Transcript), rows)
            session.commit()


def _recording(archive: str, recording_id: str, transcript_id: str) -> dict[str, Any]:
    plain: dict[str, Any] = {"source": "x.wav", "labels": {}, "pinned": False, "created_ms": 0}
    own = {"id": recording_id, "identity": recording_id, "current_transcript_id": transcript_id}
    return {"archive": archive, **own, **plain}


@contextmanager
def _api(database_url: str, home: str, key: str) -> Iterator[dict[str, str]]:
    """A door over the database; the environment of its command line."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    own = {"DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0", "HOME": home, "URL": url, "API_KEY": key}
    environment = {**os.environ, **{f"LONGHAND_{name}": value for name, value in own.items()}}
    process = subprocess.Popen(own_command("api", "--port", str(port)), env=environment, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(url))
        yield environment
    finally:
        process.terminate()
        process.wait()


def _key(database: Database) -> str:
    with database.writing() as session:
        made = keys.make(session, "bench", [KeyScope.ADMIN])
        session.commit()
    return made.text


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def _export(environment: dict[str, str], archive: str, folder: Path) -> tuple[float, float]:
    """Seconds, and the most memory in MB."""
    words = ("export", "--archive", archive, "-o", str(folder), "-f", "txt", "-f", "srt", "--name", "{recording}")
    started, most = time.perf_counter(), 0
    command = psutil.Popen(own_command(*words), env=environment)
    while command.poll() is None:
        most = max(most, command.memory_info().rss)
        time.sleep(0.1)
    if command.returncode != 0:
        raise SystemExit("the export did not end well")
    return round(time.perf_counter() - started, 1), round(most / 1e6, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="+", default=[2000, 20_000])
    chosen, before, found = parser.parse_args(), load(), []
    with running_cluster() as cluster, tempfile.TemporaryDirectory() as folder:
        migrations.upgrade(cluster.url)
        database = Database(cluster.url)
        with _api(cluster.url, folder, _key(database)) as environment:
            for count in chosen.recordings:
                fill(database, f"a{count}", count)
                found += [
                    Exported(count, run, *_export(environment, f"a{count}", Path(folder, f"out{count}")))
                    for run in ("first", "again")
                ]
        database.close()
    rows = [(f"{one.recordings} recordings, {one.run}", one.seconds, one.peak_mb) for one in found]
    show(("", "s", "peak MB"), rows)
    keep("export", {"runs": found}, before)


if __name__ == "__main__":
    main()
