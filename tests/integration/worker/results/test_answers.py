"""Answers are found by their place in the bytes, or by the audio itself; flagged ones never."""

from typing import Any

import pytest
from sqlalchemy import select

from tests.fixtures.rows import new_answer
from worker.database import Database
from worker.models import Answer
from worker.results import answers
from worker.results.answers import StoredAnswer

PLACE: dict[str, Any] = {"recognition_key": "k" * 64, "digest": "d" * 64, "channel": "0", "start_ms": 0, "end_ms": 1000}


def _add(database: Database, text: str = "hello", **changes: object) -> int:
    with database.writing() as session:
        added = answers.add_answer(session, new_answer(text, **{**PLACE, **changes}))
        session.commit()
    return added


def test_answer_is_found_at_its_place(database: Database) -> None:
    added = _add(database)
    assert answers.look_up(database, **PLACE) == StoredAnswer(id=added, text="hello", model="pocketsphinx-en-us")


def test_answer_is_found_nowhere_else(database: Database) -> None:
    _add(database)
    others = {"recognition_key": "x" * 64, "digest": "x" * 64, "channel": "mix", "start_ms": 1, "end_ms": 999}
    for name, value in others.items():
        assert answers.look_up(database, **{**PLACE, name: value}) is None


def test_answer_is_found_by_its_audio_under_the_same_key(database: Database) -> None:
    added = _add(database, pcm_sha256="b" * 64)
    found = answers.look_up_pcm(database, "k" * 64, "b" * 64)
    assert found is not None
    assert found.id == added
    assert answers.look_up_pcm(database, "x" * 64, "b" * 64) is None
    assert answers.look_up_pcm(database, "k" * 64, "c" * 64) is None


def test_latest_answer_is_the_one_found(database: Database) -> None:
    _add(database, "old")
    _add(database, "new")
    found = answers.look_up(database, **PLACE)
    assert found is not None
    assert found.text == "new"


def test_flagged_answer_is_never_found(database: Database) -> None:
    good = _add(database, "good")
    _add(database, "odd", flags=["repeats"])
    found = answers.look_up(database, **PLACE)
    assert found is not None
    assert found.id == good
    assert answers.look_up_pcm(database, "k" * 64, "a" * 64) == found


def test_everything_the_service_said_is_kept(database: Database) -> None:
    added = _add(database, usage={"seconds": 1}, flags=["short"], emotion="happy")
    with database.reading() as session:
        row = session.scalars(select(Answer).where(Answer.id == added)).one()
    assert (row.usage, row.flags, row.emotion, row.language) == ({"seconds": 1}, ["short"], "happy", "en")
    assert row.created_ms > 1_700_000_000_000


@pytest.mark.parametrize("usage", [None, 3, "x", [1, [2]], {"a": {"b": []}}])
def test_usage_of_any_shape_is_stored_as_it_came(database: Database, usage: object) -> None:
    added = _add(database, usage=usage)
    with database.reading() as session:
        assert session.scalar(select(Answer.usage).where(Answer.id == added)) == usage
