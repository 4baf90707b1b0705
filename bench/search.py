"""Looking for words among very many segments, and what keeping them costs a job that ends.

A PostgreSQL cluster of its own, or SQLite in a file. Half of the segments are English and half Chinese, made of words
and characters whose frequencies fall as in speech (the n-th is 1/n as frequent); every transcript is a current one. The
other way for scripts without spaces, an index of trigrams over the plain text, is measured beside it on PostgreSQL.

Run: python -m bench.search [--segments 200000] [--looks 50] [--database postgresql|sqlite]
"""

import argparse
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

import migrations
from bench.report import keep, load, percentile, show
from tests.fixtures.postgres_cluster import running_cluster
from worker.database import Database
from worker.ids import new_id
from worker.models import Recording, Transcript
from worker.search.index import SearchFilter, add_to_index, find, rows_of
from worker.search.query import parse

PER_TRANSCRIPT = 20
ENGLISH_WORDS, CHINESE_CHARACTERS = 20_000, 3_000
LENGTH = {"en": 35, "zh": 60}  # of a segment, in words or characters
PAGE = 51
RNG = random.Random(7)
QUERIES = {
    "a word that every second says": "w1",
    "a rare word": "w15000",
    "a phrase of frequent words": '"w2 w3"',
    "two words and not a third": "w900 w901 -w1",
    "the beginning of a word": "w1234*",
    "a Chinese word of two frequent characters": chr(0x4E00 + 3) + chr(0x4E00 + 9),
    "a Chinese word of two rare characters": chr(0x4E00 + 900) + chr(0x4E00 + 1200),
    "what nobody says": "nobody",
}


@dataclass(frozen=True)
class Looked:
    """Milliseconds."""

    what: str
    hits: int
    median: float
    p99: float


def _frequent(count: int) -> Callable[[int], list[int]]:
    sums = list(itertools.accumulate(1 / (n + 1) for n in range(count)))
    return lambda how_many: RNG.choices(range(count), cum_weights=sums, k=how_many)


ENGLISH, CHINESE = _frequent(ENGLISH_WORDS), _frequent(CHINESE_CHARACTERS)


def _said(language: str) -> str:
    if language == "en":
        return " ".join(f"w{n}" for n in ENGLISH(LENGTH["en"]))
    return "".join(chr(0x4E00 + n) for n in CHINESE(LENGTH["zh"]))


def _segments(language: str, count: int = PER_TRANSCRIPT) -> list[dict[str, Any]]:
    return [
        {
            "channel": 0,
            "start_ms": 10_000 * n,
            "end_ms": 10_000 * n + 9000,
            "text": _said(language),
            "language": language,
            "emotion": None,
            "flags": [],
        }
        for n in range(count)
    ]


def _transcript(recording_id: str, transcript_id: str, segments: list[dict[str, Any]]) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "job_id": None,
        "origin": "import",
        "duration_ms": 1,
        "sent_ms": 0,
        "text": "",
        "gaps": [],
        "created_ms": 0,
    }
    return {"id": transcript_id, "recording_id": recording_id, "segments": segments, **plain}


def _recording(recording_id: str, transcript_id: str) -> dict[str, Any]:
    plain: dict[str, Any] = {"archive": "bench", "source": "x.wav", "labels": {}, "pinned": False, "created_ms": 0}
    return {"id": recording_id, "identity": recording_id, "current_transcript_id": transcript_id, **plain}


def fill(database: Database, segments: int) -> float:
    """All transcripts with their words; seconds."""
    started = time.perf_counter()
    for first in range(0, segments // PER_TRANSCRIPT, 100):
        with database.writing() as session:
            for number in range(first, min(first + 100, segments // PER_TRANSCRIPT)):
                recording_id, transcript_id = new_id(), new_id()
                said = _segments("en" if number % 2 else "zh")
                session.execute(insert(Recording).values(_recording(recording_id, transcript_id)))
                session.execute(insert(Transcript).values(_transcript(recording_id, transcript_id, said)))
                add_to_index(session, transcript_id, recording_id, said)
            session.commit()
    return time.perf_counter() - started


def looks(database: Database, count: int) -> Iterator[Looked]:
    """Each query asked so many times, a page of it."""
    for what, query in QUERIES.items():
        took, hits = [], 0
        for _ in range(count):
            started = time.perf_counter()
            with database.reading() as session:
                hits = len(find(session, parse(query), SearchFilter(), before=None, limit=PAGE))
            took.append(1000 * (time.perf_counter() - started))
        yield Looked(what, hits, round(percentile(took, 50), 1), round(percentile(took, 99), 1))


def finishing(database: Database, count: int) -> dict[str, float]:
    """Median ms of adding a transcript of 20 segments with its words and without, and of finding the words alone."""
    took: dict[str, list[float]] = {"without": [], "with": [], "reading alone": []}
    for number in range(count * 2):
        recording_id, transcript_id = new_id(), new_id()
        said = _segments("en" if number % 4 < 2 else "zh")
        with database.writing() as session:
            session.execute(insert(Recording).values(_recording(recording_id, transcript_id)))
            started = time.perf_counter()
            session.execute(insert(Transcript).values(_transcript(recording_id, transcript_id, said)))
            if number % 2:
                add_to_index(session, transcript_id, recording_id, said)
            session.commit()
            took["with" if number % 2 else "without"].append(1000 * (time.perf_counter() - started))
        started = time.perf_counter()
        list(rows_of(transcript_id, recording_id, said, None))
        took["reading alone"].append(1000 * (time.perf_counter() - started))
    return {name: round(percentile(values, 50), 2) for name, values in took.items()}


def trigrams(database: Database, count: int) -> list[Looked]:
    """The other way: the text as it is under pg_trgm, asked with LIKE for the two Chinese words."""
    with database.engine.begin() as connection:
        connection.execute(text("CREATE EXTENSION pg_trgm"))
        connection.execute(
            text(
                "CREATE TABLE plain AS SELECT t.id, s.value->>'text' AS said FROM transcripts t, "
                "json_array_elements(t.segments) s WHERE s.value->>'language' = 'zh'"
            )
        )
        connection.execute(text("CREATE INDEX ix_plain ON plain USING gin (said gin_trgm_ops)"))
    return [_like(database, what, count) for what in QUERIES if "Chinese" in what]


def _like(database: Database, what: str, count: int) -> Looked:
    took, hits = [], 0
    for _ in range(count):
        started = time.perf_counter()
        with database.engine.connect() as connection:
            asked = text("SELECT id FROM plain WHERE said LIKE :like ORDER BY id DESC LIMIT 51")
            hits = len(connection.execute(asked, {"like": f"%{QUERIES[what]}%"}).all())
        took.append(1000 * (time.perf_counter() - started))
    return Looked(f"{what}, trigrams", hits, round(percentile(took, 50), 1), round(percentile(took, 99), 1))


def sizes(database: Database) -> dict[str, float]:
    """MB of tables and indexes on PostgreSQL."""
    asked = "SELECT relname, pg_relation_size(oid) / 1e6 FROM pg_class WHERE relname ~ '^(search|ix_search|ix_plain)'"
    with database.engine.connect() as connection:
        return {name: round(float(size), 1) for name, size in connection.execute(text(asked))}


@contextmanager
def _database(kind: str) -> Iterator[Database]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield _migrated(f"sqlite:///{Path(folder, 'bench.db')}")
        return
    with running_cluster() as cluster:
        yield _migrated(cluster.url)


def _migrated(url: str) -> Database:
    migrations.upgrade(url)
    return Database(url)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=200_000)
    parser.add_argument("--looks", type=int, default=50)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    chosen = parser.parse_args()
    before = load()
    with _database(chosen.database) as database:
        result: dict[str, Any] = {"segments": chosen.segments, "finishing_ms": finishing(database, 100)}
        result["fill_s"] = round(fill(database, chosen.segments), 1)
        result |= _measured(database, chosen.looks)
        database.close()
    show(("", "hits", "median ms", "p99 ms"), [(one.what, one.hits, one.median, one.p99) for one in result["looks"]])
    print({name: value for name, value in result.items() if name != "looks"})
    keep("search", result, before)


def _measured(database: Database, count: int) -> dict[str, Any]:
    if database.dialect == "sqlite":
        return {"looks": list(looks(database, count))}
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    found = [*looks(database, count), *trigrams(database, max(3, count // 10))]
    return {"looks": found, "sizes_mb": sizes(database)}


if __name__ == "__main__":
    main()
