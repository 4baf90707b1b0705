"""A million recordings on PostgreSQL: a campaign's plan, its start and feeding, its promotion and its rollback.

A cluster of its own (initdb, pg_ctl), an API and a dispatcher process, Redis. Recordings with a transcript each are
filled in by generate_series. The plan and the start are requests; while the dispatcher enrols and feeds, threads of
this process claim jobs and end them as workers do, without audio, and the most members with a job at once and the
memory of both processes are looked at. For the promotion a finished campaign over all recordings is filled in too,
with a transcript each; while the dispatcher moves the current ones, and back, readers ask for recordings at random
with their current transcript. The aims: plan 10 s, start 2 s, memory flat, promotion 10 min, no reader finds none.

Run: python -m bench.campaigns [--recordings 1000000] [--jobs 2000]
"""

import argparse
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from sqlalchemy import Engine, text

from api.cli.stack.plan import own_command
from bench.report import keep, load, show
from bench.scale import running_api
from bench.stack import until
from tests.fixtures.postgres_cluster import running_cluster
from tests.fixtures.redis import RedisServer
from worker import workers
from worker.database import Database
from worker.queue import jobs
from worker.results import segments
from worker.spec import Spec
from worker.states import Lane

ID = "lpad(to_hex(n), 32, '0')"
OLD = Spec(service="local", model="old")
NEW = Spec(service="local", model="scripted", lane=Lane.BULK)
SLOTS = 16
READERS = 4
WORKERS = 4
SAID = "so many words were said in this recording that a transcript of it has some length "

FILL = f"""
INSERT INTO recordings (id, archive, digest, identity, source, labels, pinned, duration_ms, language, channels,
  current_transcript_id, created_ms)
SELECT {ID}, 'calls', md5(n::text) || md5(n::text), 'sha256:' || n, n || '.wav', '{{}}', false, 1000 * (n % 7200 + 1),
  'en', 1 + n % 2, {ID}, n FROM generate_series(1, :count) n;

INSERT INTO transcripts (id, recording_id, origin, service, model, language, duration_ms, sent_ms, text, gaps, segments,
  recognition_key, gaps_count, flags_count, created_ms)
SELECT {ID}, {ID}, 'job', 'local', 'old', 'en', 1000 * (n % 7200 + 1), 1000, repeat('{SAID}', 4), '[]',
  json_build_array(json_build_object('channel', 0, 'start_ms', 0, 'end_ms', 500 * (n % 7200 + 1), 'text',
  repeat('{SAID}', 4), 'language', 'en', 'flags', json_build_array())), :key, 0, 0, n
FROM generate_series(1, :count) n
"""  # noqa: S608  # names of ours
AFTER = "'a' || lpad(to_hex(n), 31, '0')"
FINISHED = f"""
INSERT INTO transcripts (id, recording_id, origin, service, model, language, duration_ms, sent_ms, text, gaps, segments,
  recognition_key, gaps_count, flags_count, created_ms)
SELECT {AFTER}, {ID}, 'job', 'local', 'scripted', 'en', 1000, 1000, 'new', '[]', '[]', :key, 0, 0, n
FROM generate_series(1, :count) n;

INSERT INTO campaigns (id, name, status, selection, until_id, spec, fresh, limits, rules, plan, blind_key, created_ms,
  started_ms, finished_ms, changed_ms)
VALUES ('{"c" * 32}', 'all', 'finished', '{{}}', '{"f" * 32}', CAST(:spec AS json), false, CAST(:limits AS json),
  CAST(:rules AS json), CAST(:plan AS json), 'key', 1, 1, 1, 1);

INSERT INTO campaign_recordings (campaign_id, recording_id, state, canary, before_id, after_id, promoted, audio_ms,
  sent_ms, reused_ms)
SELECT '{"c" * 32}', {ID}, 'done', false, {ID}, {AFTER}, false, 1000, 1000, 0 FROM generate_series(1, :count) n
"""  # noqa: S608  # names of ours
CURRENT = "SELECT t.id FROM recordings r LEFT JOIN transcripts t ON t.id = r.current_transcript_id WHERE r.id = :id"
LONGEST = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
WHERE datname = current_database() AND state <> 'idle' AND backend_xid IS NOT NULL
"""


@dataclass
class Watched:
    """Seen while something ran: memory in MB by process, the longest writing transaction in s, what readers found."""

    before_mb: dict[str, float]
    most_mb: dict[str, float] = field(default_factory=dict)
    longest_s: float = 0.0
    reads: int = 0
    without: int = 0


def fill(engine: Engine, statements: str, values: dict[str, Any]) -> None:
    with engine.begin() as connection:
        for statement in statements.split(";\n"):
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(text(statement), used)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


@contextmanager
def running_dispatcher(database_url: str, redis_url: str, folder: Path) -> Iterator[psutil.Process]:
    places = {"HOME": str(folder), "DATABASE_URL": database_url, "REDIS_URL": redis_url}
    environment = {**os.environ, **{f"LONGHAND_{name}": value for name, value in places.items()}}
    with (folder / "dispatcher.log").open("ab") as log:
        process = subprocess.Popen(own_command("dispatcher"), env=environment, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def watching(engine: Engine, processes: dict[str, psutil.Process], count: int, readers: int) -> Iterator[Watched]:
    """Look at memory and transactions, and let readers ask, during the block."""
    seen, done = Watched({name: _mb(one) for name, one in processes.items()}), threading.Event()
    threads = [threading.Thread(target=_look, args=(engine, processes, seen, done))]
    threads += [threading.Thread(target=_read, args=(engine, count, seen, done)) for _ in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _look(engine: Engine, processes: dict[str, psutil.Process], seen: Watched, done: threading.Event) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not done.wait(0.1):
            seen.longest_s = max(seen.longest_s, float(connection.execute(text(LONGEST)).scalar_one()))
            for name, one in processes.items():
                seen.most_mb[name] = max(seen.most_mb.get(name, 0.0), _mb(one))


def _read(engine: Engine, count: int, seen: Watched, done: threading.Event) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not done.wait(0.001):
            found = connection.execute(text(CURRENT), {"id": f"{random.randint(1, count):032x}"}).scalar_one()
            seen.reads += 1
            seen.without += found is None


def _mb(process: psutil.Process) -> float:
    return round(process.memory_info().rss / 1e6, 1)


def end_jobs(database: Database, wanted: int, campaign: str, dispatcher: psutil.Process) -> int:
    """As workers do, until so many have ended; the most members that had a job at once."""
    left, most, lock = [wanted], [0], threading.Lock()

    def work(name: str) -> None:
        while left[0] > 0:
            claimed = jobs.claim(database, Lane.BULK, name, 600)
            if claimed is None:
                time.sleep(0.05)
                continue
            segments.complete_cut(database, claimed, 1000)
            jobs.finish(database, claimed)
            with lock:
                left[0] -= 1

    threads = [threading.Thread(target=work, args=(f"w{number}",), daemon=True) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    given = text("SELECT count(*) FROM campaign_recordings WHERE campaign_id = :id AND state = 'given'")
    while any(thread.is_alive() for thread in threads):
        with database.engine.connect() as connection:
            most[0] = max(most[0], int(connection.execute(given, {"id": campaign}).scalar_one()))
        workers.register(database, "bench", SLOTS)
        if not dispatcher.is_running() or dispatcher.status() == psutil.STATUS_ZOMBIE:
            raise SystemExit("the dispatcher has ended: its log is in the folder of this run")
        time.sleep(0.2)
    return most[0]


def until_status(database: Database, campaign: str, status: str, began: float) -> float:
    """By its row alone: counting a million members takes a while, and is not what is measured."""
    reached = text("SELECT count(*) FROM campaigns WHERE name = :name AND status = :status AND step IS NULL")
    while True:
        with database.engine.connect() as connection:
            if connection.execute(reached, {"name": campaign, "status": status}).scalar_one():
                return time.monotonic() - began
        time.sleep(0.5)


def timed_post(client: httpx.Client, path: str, body: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.monotonic()
    answer: dict[str, Any] = client.post(path, json=body).raise_for_status().json()
    return time.monotonic() - began, answer


@dataclass(frozen=True)
class Found:
    """Seconds, and what was watched meanwhile."""

    plan_s: float
    create_s: float
    start_s: float
    enrolled_s: float
    most_given: int
    feeding: Watched
    promote_s: float
    promoting: Watched
    roll_back_s: float
    rolling_back: Watched


def measure(options: argparse.Namespace, folder: Path) -> Found:
    redis = RedisServer(folder)
    redis.start()
    try:
        with running_cluster() as cluster:
            url = cluster.new_database("bench")
            database = Database(url, pool_size=SLOTS)
            values = {"count": options.recordings, "key": OLD.recognition_key}
            fill(database.engine, FILL, values)
            with running_api(url, redis.url) as (client, api), running_dispatcher(url, redis.url, folder) as dispatcher:
                processes = {"api": api, "dispatcher": dispatcher}
                found = _measure(options, database, client, processes)
            database.close()
            return found
    finally:
        redis.kill()


def _measure(
    options: argparse.Namespace, database: Database, client: httpx.Client, processes: dict[str, psutil.Process]
) -> Found:
    workers.register(database, "bench", SLOTS)
    until(lambda: workers.dispatcher_age_ms(database) is not None)
    asked = {"selection": {"archive": "calls"}, "spec": {"model": "scripted"}, "canary": 0}
    plan_s, _ = timed_post(client, "/v1/campaigns", {**asked, "dry_run": True})
    create_s, made = timed_post(client, "/v1/campaigns", asked)
    with watching(database.engine, processes, options.recordings, 0) as feeding:
        start_s, _ = timed_post(client, f"/v1/campaigns/{made['id']}/start", {})
        began = time.monotonic()
        most_given = end_jobs(database, options.jobs, made["id"], processes["dispatcher"])
        while client.get(f"/v1/campaigns/{made['id']}").json()["step"] is not None:
            time.sleep(0.5)
        enrolled_s = time.monotonic() - began
    timed_post(client, f"/v1/campaigns/{made['id']}/cancel", {})

    kept = {"limits": made["limits"], "rules": made["rules"], "plan": made["plan"], "spec": NEW.to_json()}
    values = {"count": options.recordings, "key": NEW.recognition_key}
    fill(database.engine, FINISHED, {**values, **{name: json.dumps(one) for name, one in kept.items()}})
    seconds, watched = [], []
    for verb, status in (("promote", "promoted"), ("rollback", "rolled_back")):
        with watching(database.engine, processes, options.recordings, READERS) as seen:
            began = time.monotonic()
            timed_post(client, f"/v1/campaigns/all/{verb}", {})
            seconds.append(until_status(database, "all", status, began))
        watched.append(seen)
    return Found(
        plan_s, create_s, start_s, enrolled_s, most_given, feeding, seconds[0], watched[0], seconds[1], watched[1]
    )


def _row(what: str, took_s: float, seen: Watched) -> tuple[object, ...]:
    memory = [f"{seen.before_mb[name]:.0f} → {seen.most_mb[name]:.0f}" for name in ("api", "dispatcher")]
    return (what, f"{took_s:.1f}", f"{seen.longest_s:.2f}", *memory, seen.reads, seen.without)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2000)
    options = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options, Path(folder))
    show(
        [f"{options.recordings:,} recordings", "s"],
        [
            ("plan, dry run", f"{found.plan_s:.2f}"),
            ("plan, kept", f"{found.create_s:.2f}"),
            ("start", f"{found.start_s:.2f}"),
        ],
    )
    print(f"the most members that had a job at once: {found.most_given}, with {SLOTS} slots")
    show(
        ["", "s", "longest transaction s", "API MB", "dispatcher MB", "reads", "found none"],
        [
            _row(f"enrolled all, ended {options.jobs:,} jobs", found.enrolled_s, found.feeding),
            _row("promoted all", found.promote_s, found.promoting),
            _row("rolled all back", found.roll_back_s, found.rolling_back),
        ],
    )
    keep("campaigns", {"recordings": options.recordings, **vars(found)}, before)


if __name__ == "__main__":
    main()
