"""Peak memory of a process and its children, or of many processes together, sampled while something runs."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

SAMPLE_S = 0.02
TOGETHER_S = 0.5
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Peak:
    """In MB: of the process alone, and of it with its children."""

    own_mb: float
    total_mb: float


def peak_while(pid: int, running: Callable[[], bool]) -> Peak:
    """Look each 20 ms until ``running`` says no."""
    own = total = 0.0
    process = psutil.Process(pid)
    while running():
        sizes = [_resident_mb(one) for one in [process, *_children(process)]]
        own, total = max(own, sizes[0]), max(total, sum(sizes))
        time.sleep(SAMPLE_S)
    return Peak(round(own, 1), round(total, 1))


class Together:
    """The most that many processes held together, in MB; what they share counts once."""

    def __init__(self) -> None:
        self.peak_mb = 0.0

    def look(self, processes: Iterable[psutil.Process]) -> None:
        self.peak_mb = max(self.peak_mb, round(sum(_proportional_mb(one) for one in processes), 1))


@contextmanager
def peak_together(processes: Callable[[], Iterable[psutil.Process]]) -> Iterator[Together]:
    """Look twice a second during the block."""
    together, done = Together(), threading.Event()

    def watch() -> None:
        while not done.wait(TOGETHER_S):
            together.look(processes())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield together
    finally:
        done.set()
        thread.join()


def _proportional_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / MEGABYTE
    except psutil.Error:  # it ended between two looks
        return 0.0


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:  # it ended between two looks
        return []


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MEGABYTE
    except psutil.NoSuchProcess:
        return 0.0
