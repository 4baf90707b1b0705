"""The faults of the programme: each strikes a running stack, and returns when it is over.

Everything here is done from outside, to processes, sockets and servers; no product code knows of it.
"""

import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
import redis
from sqlalchemy import make_url

from tests.acceptance.stack import Stack
from tests.fixtures.postgres_cluster import PostgresCluster


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What faults happen to, and how long those last that do not happen in a moment."""

    stack: Stack
    cluster: PostgresCluster | None  # None: the database is SQLite
    rng: random.Random
    frozen_s: float = 3.0
    locked_s: float = 3.0
    refusing_s: float = 3.0
    away_s: float = 4.0


Strike = Callable[[Scene], None]


def kill_a_worker(scene: Scene) -> None:
    _signal_one(scene, "worker", signal.SIGKILL)


def kill_all_workers(scene: Scene) -> None:
    scene.stack.kill("worker")


def stop_a_worker(scene: Scene) -> None:
    """SIGTERM: nothing may be sent twice for it."""
    _signal_one(scene, "worker", signal.SIGTERM)


def kill_the_api(scene: Scene) -> None:
    scene.stack.kill("api")


def kill_the_dispatcher(scene: Scene) -> None:
    scene.stack.kill("dispatcher")


def kill_redis(scene: Scene) -> None:
    """It comes back with what its append-only file has."""
    scene.stack.kill("redis")


def empty_redis(scene: Scene) -> None:
    with redis.Redis(port=scene.stack.redis_port, socket_timeout=10) as client:
        client.flushall()


def freeze_redis(scene: Scene) -> None:
    """It takes connections and says nothing."""
    with _frozen(scene.stack.some_process("redis")):
        time.sleep(scene.frozen_s)


def restart_postgres(scene: Scene) -> None:
    _cluster(scene).restart("fast")


def crash_postgres(scene: Scene) -> None:
    _cluster(scene).restart("immediate")


def lock_sqlite(scene: Scene) -> None:
    """Somebody else holds the write lock for a while."""
    path = make_url(scene.stack.database_url).database
    connection = sqlite3.connect(str(path), timeout=30, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(scene.locked_s)
    connection.execute("ROLLBACK")
    connection.close()


def service_resets(scene: Scene) -> None:
    scene.stack.proxy.reset_all()


def service_goes_half_open(scene: Scene) -> None:
    scene.stack.proxy.go_half_open()


def service_limits(scene: Scene) -> None:
    _refuse_with(scene, 429)


def service_fails(scene: Scene) -> None:
    _refuse_with(scene, 503)


def service_is_away(scene: Scene) -> None:
    scene.stack.proxy.refuse()
    time.sleep(scene.away_s)
    scene.stack.proxy.open_up()


KILLS: tuple[Strike, ...] = (kill_a_worker, kill_all_workers)
FREE_OF_COST: tuple[Strike, ...] = (  # these leave the way from a worker to the service and to the database alone
    stop_a_worker,
    kill_the_api,
    kill_the_dispatcher,
    kill_redis,
    empty_redis,
    freeze_redis,
    lock_sqlite,
)
ON_ANY_DATABASE: tuple[Strike, ...] = (
    kill_a_worker,
    kill_all_workers,
    stop_a_worker,
    kill_the_api,
    kill_the_dispatcher,
    kill_redis,
    empty_redis,
    freeze_redis,
    service_resets,
    service_goes_half_open,
    service_limits,
    service_fails,
    service_is_away,
)


def draw(count: int, scene: Scene) -> list[Strike]:
    """Every kind that this database has at least once where ``count`` has room, the rest at random; mixed."""
    kinds = [*ON_ANY_DATABASE, *((lock_sqlite,) if scene.cluster is None else (restart_postgres, crash_postgres))]
    drawn = [*kinds, *scene.rng.choices(kinds, k=max(0, count - len(kinds)))]
    scene.rng.shuffle(drawn)
    return drawn[:count]


def _signal_one(scene: Scene, kind: str, number: signal.Signals) -> None:
    scene.stack.some_process(kind)
    with suppress(psutil.NoSuchProcess):
        scene.rng.choice(scene.stack.processes(kind)).send_signal(number)


def _cluster(scene: Scene) -> PostgresCluster:
    assert scene.cluster is not None, "this database is not PostgreSQL"
    return scene.cluster


def _refuse_with(scene: Scene, status: int) -> None:
    scene.stack.proxy.answer_with(status)
    time.sleep(scene.refusing_s)
    scene.stack.proxy.open_up()


@contextmanager
def _frozen(process: psutil.Process) -> Iterator[None]:
    process.suspend()
    try:
        yield
    finally:
        process.resume()
