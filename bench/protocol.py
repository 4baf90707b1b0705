"""Audio through one and through many sessions of the protocol, beside bare clients that send the same.

The local service runs in a process of its own with the scripted engine, which answers at once. Each way is a process,
too; the ways take turns, and the median of the rounds counts. The aim: 80 % of bare websocket-client.
"ready-made bytes" sends messages that were encoded before: what the service and the sockets allow at the most.

Run: python -m bench.protocol [--rounds 5] [--sessions 1 20] [--seconds 4000]
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil

from bench.protocol_clients import WAYS, Talker
from bench.report import keep, load, show
from realtime.service.engines.scripted_engine import words_of
from tests.fixtures.recognizer_process import recognizer_process
from worker.probing.speech import speech

SEGMENT_S = 25
BARE = "websocket-client"


@dataclass(frozen=True)
class Round:
    """``rate``: seconds of audio a second. CPU in seconds for an hour of audio; ``server_busy`` of one core."""

    way: str
    sessions: int
    rate: float
    client_cpu: float
    server_cpu: float
    server_busy: float


@dataclass(frozen=True)
class Measured:
    """Medians of the rounds, and the slowest and the fastest. ``share`` of the bare client's rate in the same round."""

    way: str
    sessions: int
    rate: float
    slowest: float
    fastest: float
    share: float
    client_cpu: float
    server_cpu: float
    server_busy: float


def talk(way: str, url: str, server_pid: int, sessions: int, seconds: int) -> Round:
    """Send so much audio through so many sessions at once, and watch both ends. Opening them does not count."""
    pcm = speech(SEGMENT_S)
    segments = max(1, seconds // SEGMENT_S // sessions)
    talkers = [WAYS[way](url) for _ in range(sessions)]
    server = psutil.Process(server_pid)
    server_before, cpu_before, begun = _cpu_s(server), _own_cpu_s(), time.monotonic()
    _all_say(talkers, pcm, segments)
    took_s = time.monotonic() - begun
    cpu_s, server_s = _own_cpu_s() - cpu_before, _cpu_s(server) - server_before
    for talker in talkers:
        talker.close()
    audio_s = SEGMENT_S * segments * sessions
    hours = audio_s / 3600
    return Round(way, sessions, audio_s / took_s, cpu_s / hours, server_s / hours, server_s / took_s)


def _all_say(talkers: Sequence[Talker], pcm: bytes, segments: int) -> None:
    expected = " ".join(words_of(pcm))
    wrong: list[str] = []

    def say(talker: Talker) -> None:
        wrong.extend(text for _ in range(segments) if (text := talker.say(pcm)) != expected)

    threads = [threading.Thread(target=say, args=(talker,)) for talker in talkers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"wrong answers: {wrong[:3]}")


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def run_rounds(rounds: int, sessions: Sequence[int], seconds: int) -> list[Round]:
    """All ways in turn, again and again; the order turns, too."""
    results = []
    with recognizer_process(sessions_per_s=10_000) as (url, server):
        for number in range(rounds):
            ways = list(WAYS)[number % len(WAYS) :] + list(WAYS)[: number % len(WAYS)]
            results += [_in_a_process(way, url, server.pid, many, seconds) for many in sessions for way in ways]
    return results


def _in_a_process(way: str, url: str, server_pid: int, sessions: int, seconds: int) -> Round:
    words = [way, url, str(server_pid), str(sessions), str(seconds)]
    command = [sys.executable, "-m", "bench.protocol", "--child", *words]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Round(**json.loads(ended.stdout))


def summed_up(rounds: Sequence[Round]) -> list[Measured]:
    """One line for each way and number of sessions."""
    groups = dict.fromkeys((one.sessions, one.way) for one in rounds)
    return [_measured(sessions, way, rounds) for sessions, way in groups]


def _measured(sessions: int, way: str, rounds: Sequence[Round]) -> Measured:
    mine = [one for one in rounds if (one.sessions, one.way) == (sessions, way)]
    bare = [one for one in rounds if (one.sessions, one.way) == (sessions, BARE)]
    rates = [one.rate for one in mine]
    return Measured(
        way=way,
        sessions=sessions,
        rate=statistics.median(rates),
        slowest=min(rates),
        fastest=max(rates),
        share=statistics.median(one.rate / other.rate for one, other in zip(mine, bare, strict=True)),
        client_cpu=statistics.median(one.client_cpu for one in mine),
        server_cpu=statistics.median(one.server_cpu for one in mine),
        server_busy=statistics.median(one.server_busy for one in mine),
    )


def tell(rounds: Sequence[Round], load_before: float) -> None:
    """Print the medians, sessions and ways in their order, and keep all rounds."""
    results = sorted(summed_up(rounds), key=lambda one: (one.sessions, list(WAYS).index(one.way)))
    heads = ["sessions", "way", "audio s/s", "spread", "of bare", "client CPU s/h", "server CPU s/h", "server busy"]
    show(heads, [_row(one) for one in results])
    keep("protocol", {"medians": results, "rounds": list(rounds)}, load_before)


def _row(one: Measured) -> list[object]:
    rates = [f"{one.rate:.0f}", f"{one.slowest:.0f}–{one.fastest:.0f}", f"{one.share:.0%}"]
    return [one.sessions, one.way, *rates, f"{one.client_cpu:.2f}", f"{one.server_cpu:.2f}", f"{one.server_busy:.0%}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", nargs="+", type=int, default=[1, 20])
    parser.add_argument("--seconds", type=int, default=4000, help="of audio in a round")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, url, *numbers = options.child
        print(json.dumps(asdict(talk(way, url, *map(int, numbers)))))
        return
    before = load()
    tell(run_rounds(options.rounds, options.sessions, options.seconds), before)


if __name__ == "__main__":
    main()
