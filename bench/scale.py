"""A million jobs on PostgreSQL: how long looks and claims take, and a batch of very many recordings.

A cluster of its own (initdb, pg_ctl), an API process, one client. The table is filled by generate_series: a tenth of
the jobs is queued, of the others nine in ten succeeded. Claims are made by one thread and by eight of one process, and
at last behind all that is queued, whose budget is used up.
The batch is a manifest of URLs, whose digests stay open, with the million jobs in the table. The aims, with a million
jobs: status p99 20 ms, a page of the list p99 50 ms, claim p99 20 ms; 100,000 recordings within 60 s; memory flat.

Run: python -m bench.scale [--jobs 1000000] [--looks 2000] [--claims 2000] [--recordings 100000]
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from api.cli.stack.plan import own_command
from bench.peak import peak_together
from bench.report import keep, load, percentile, show
from bench.stack import until
from tests.fixtures.door_keys import made_key
from tests.fixtures.postgres_cluster import running_cluster
from tests.fixtures.redis import RedisServer, free_port
from tests.fixtures.rows import tell_used_up, use_up
from worker.budgets import Scope
from worker.database import Database
from worker.models import Job, Recording
from worker.queue import jobs, submission
from worker.recordings import NewRecording
from worker.spec import Spec
from worker.states import KeyScope, Lane

QUEUED_SHARE = 10  # one in so many
CLAIMERS = (1, 8)  # at once, in one process
LEASE_S = 3600.0
PAGE = 50
MEASURED_ID = "lpad(to_hex(n), 32, '0')"  # ids sort by age, as ours do


@dataclass(frozen=True)
class Times:
    """Milliseconds."""

    what: str
    count: int
    median: float
    p99: float
    most: float


@dataclass(frozen=True)
class Bulk:
    """``memory_mb``: the most that the API held; ``before_mb``: what it held before."""

    recordings: int
    took_s: float
    before_mb: float
    memory_mb: float


def fill(database: Database, count: int) -> None:
    """So many jobs, each with a recording of its own: copies of one that was submitted as all are."""
    with database.writing() as session:
        submit_bench(session, "bench", 0)
        session.commit()
    state = f"CASE WHEN n % {QUEUED_SHARE} = 0 THEN 'queued' WHEN n % 10 = 1 THEN 'failed' ELSE 'succeeded' END"
    named = {"id": MEASURED_ID, "identity": "'sha256:' || n", "digest": MEASURED_ID, "created_ms": "t.created_ms + n"}
    owned = {**named, "recording_id": MEASURED_ID, "audio": MEASURED_ID, "status": state}
    with database.engine.begin() as connection:
        for table, changes in ((Recording.__table__, named), (Job.__table__, owned)):
            connection.execute(text(_copies(table, changes)), {"count": count})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def submit_bench(session: Session, archive: str, number: int) -> None:
    recording = NewRecording(archive=archive, identity=f"sha256:{number}", source="a.wav", digest=f"{number:064x}")
    submission.submit(session, recording, Spec(service="local", model="scripted"))


def _copies(table: Any, changes: dict[str, str]) -> str:  # noqa: ANN401  # a mapped class's table
    assert isinstance(table, Table)  # noqa: S101  # narrows the type
    columns = [column.name for column in table.columns]
    values = ", ".join(changes.get(name, f"t.{name}") for name in columns)
    one = f"(SELECT * FROM {table.name} LIMIT 1)"  # noqa: S608  # names of ours
    return f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {values} FROM {one} t, generate_series(1, :count) n"  # noqa: S608  # names of ours


@contextmanager
def running_api(database_url: str, redis_url: str) -> Iterator[tuple[httpx.Client, psutil.Process]]:
    port = free_port()
    with closing(Database(database_url)) as database:
        key = made_key(database, "bench", KeyScope.ADMIN)
    with tempfile.TemporaryDirectory() as home:
        places = {"HOME": home, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "MODEL": "scripted"}
        environment = {**os.environ, **{f"LONGHAND_{name}": value for name, value in places.items()}}
        process = subprocess.Popen(own_command("api", "--port", str(port)), env=environment, stderr=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=key, timeout=600, trust_env=False) as client:
                until(lambda: _answers(client))
                yield client, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def timed(what: str, acts: Sequence[Callable[[], object]], *, threads: int = 1) -> Times:
    """Do them, each by itself, after a few that do not count."""

    def one(act: Callable[[], object]) -> float:
        began = time.monotonic()
        act()
        return (time.monotonic() - began) * 1000

    for act in acts[: len(acts) // 10]:
        act()
    with ThreadPoolExecutor(threads) as pool:
        took = list(pool.map(one, acts[len(acts) // 10 :]))
    return Times(what, len(took), percentile(took, 50), percentile(took, 99), max(took))


def looks(client: httpx.Client, count: int, jobs_there: int) -> list[Times]:
    """Status polls of any jobs, and pages of the list by several filters, half of them from anywhere in it."""
    dice = random.Random(1)
    ids = [f"{dice.randint(1, jobs_there):032x}" for _ in range(count)]
    filters = [{}, {"status": "queued"}, {"status": "failed"}, {"archive": "bench"}]
    begins = [{}, *({"cursor": b64encode(one.encode()).decode().rstrip("=")} for one in ids)]
    polls = [partial(_get, client, f"/v1/jobs/{one}", {}) for one in ids]
    pages = [
        partial(_get, client, "/v1/jobs", {"limit": str(PAGE), **dice.choice(filters), **begins[number % 2 and number]})
        for number in range(count)
    ]
    return [timed("status", polls), timed(f"list, a page of {PAGE}", pages)]


def _get(client: httpx.Client, path: str, query: dict[str, str]) -> None:
    client.get(path, params=query).raise_for_status()


def claims(database: Database, count: int, *, threads: int) -> Times:
    def claim() -> None:
        if jobs.claim(database, Lane.NORMAL, "bench", LEASE_S) is None:
            raise SystemExit("there was no job to claim")

    return timed(f"claim, {threads} at once", count * [claim], threads=threads)


def claims_behind_spent(database: Database, count: int) -> Times:
    """Claims of another archive's jobs, which are younger than all that wait for a budget that has nothing left."""
    with database.writing() as session:
        for number in range(1, count + 1):
            submit_bench(session, "other", number)
        session.commit()
    tell_used_up(database, use_up(database, Scope.ARCHIVE, "bench"))
    return replace(claims(database, count, threads=1), what="claim, behind a spent budget's")


def bulk(client: httpx.Client, api: psutil.Process, count: int) -> Bulk:
    """A manifest, streamed as it is made."""

    def lines() -> Iterator[bytes]:
        for number in range(count):
            row = {"url": f"https://example.org/{count}/{number:07}.mp3", "external_id": str(number)}
            yield json.dumps(row).encode() + b"\n"

    before_mb, began = api.memory_info().rss / 1e6, time.monotonic()
    with peak_together(lambda: [api]) as memory:
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": str(began)}
        answer = client.post("/v1/batches", content=lines(), headers=headers).raise_for_status().json()
    if answer["made"] != count:
        raise SystemExit(f"not all were taken: {answer}")
    return Bulk(count, time.monotonic() - began, before_mb, memory.peak_mb)


def measure(options: argparse.Namespace, folder: Path) -> tuple[list[Times], list[Bulk]]:
    redis = RedisServer(folder)
    redis.start()
    try:
        with running_cluster() as cluster:
            url = cluster.new_database("bench")
            database = Database(url, pool_size=max(CLAIMERS))
            fill(database, options.jobs)
            with running_api(url, redis.url) as (client, api):
                times = looks(client, options.looks, options.jobs)
                batches = [bulk(client, api, count) for count in (options.recordings // 10, options.recordings)]
            times += [claims(database, options.claims, threads=threads) for threads in CLAIMERS]
            times.append(claims_behind_spent(database, options.claims))
            database.close()
            return times, batches
    finally:
        redis.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1_000_000)
    parser.add_argument("--looks", type=int, default=2000)
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--recordings", type=int, default=100_000)
    options = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        times, batches = measure(options, Path(folder))
    show(
        [f"{options.jobs:,} jobs, ms", "n", "median", "p99", "most"],
        [(one.what, one.count, f"{one.median:.1f}", f"{one.p99:.1f}", f"{one.most:.1f}") for one in times],
    )
    show(
        ["a batch of", "s", "API before MB", "most MB"],
        [
            (f"{one.recordings:,}", f"{one.took_s:.1f}", f"{one.before_mb:.0f}", f"{one.memory_mb:.0f}")
            for one in batches
        ],
    )
    keep("scale", {"jobs": options.jobs, "times": times, "batches": batches}, before)


if __name__ == "__main__":
    main()
