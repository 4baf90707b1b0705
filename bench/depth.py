"""What it gives to send the next segment while the last is recognised, beside what another session gives.

Run: python -m bench.depth        one minute; nothing is kept

Audio seconds a second through a pool of sessions and the local service, whose scripted engine answers each segment
after a second and one of a session at a time.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import numpy as np

from realtime.client.options import SessionOptions
from realtime.service.config import PATH, RecognizerConfig
from realtime.service.server import run
from worker.recognise.sessions import SessionKey, SessionPool, SharedSession

LATENCY_MS = 1000
SEGMENT_S = 20
SEGMENTS = 12
KEY = SessionKey(model="scripted", language=None, context="", sample_rate=16_000)
PCM = np.random.default_rng(1).integers(-3000, 3000, 16_000 * SEGMENT_S, dtype="<i2").tobytes()


@contextmanager
def service() -> Iterator[str]:
    """A local service in a process of its own; its URL."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    yield f"ws://127.0.0.1:{ours.recv()}{PATH}"
    process.terminate()
    process.join()


def serve(told: Any) -> None:  # noqa: ANN401  # a connection of multiprocessing
    run(RecognizerConfig(port=0, engine="scripted", latency_ms=LATENCY_MS), on_ready=told.send)


def measure(url: str, *, sessions: int, depth: int, pace: float) -> float:
    """Audio seconds a second."""
    options = SessionOptions(url=url, model="scripted", depth=depth, pace=pace)
    pool = SessionPool(sessions, lambda _key: SharedSession.open(options), depth=depth)
    count = SEGMENTS * sessions
    with ThreadPoolExecutor(sessions * depth) as threads:
        began = time.monotonic()
        list(threads.map(lambda _number: hear(pool), range(count)))
        took_s = time.monotonic() - began
    pool.close()
    return count * SEGMENT_S / took_s


def hear(pool: SessionPool) -> None:
    session, _ = pool.take(KEY, patience=lambda: time.sleep(0.01))
    session.hear(PCM, on_frame=lambda _bytes: None, on_preview=lambda _text: None)
    pool.give_back(KEY, session)


def main() -> None:
    print("sessions  depth  at pace 0  at pace 20   (audio seconds a second)")
    with service() as url:
        for sessions, depth in ((1, 1), (1, 2), (2, 1), (4, 1), (4, 2), (8, 1)):
            fast, paced = (measure(url, sessions=sessions, depth=depth, pace=pace) for pace in (0, 20))
            print(f"{sessions:8}  {depth:5}  {fast:9.0f}  {paced:10.0f}")


if __name__ == "__main__":
    main()
